"""What the pages of each audience show, as values: for the views, which know HTTP, and for the static copy."""
