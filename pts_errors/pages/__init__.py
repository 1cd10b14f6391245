"""The public and the on-call pages: their content as values, their views, and the copy as files."""
