"""The pages of each audience: their content as values, their views, and the static copy."""
