"""The pages over HTTP: one module for each audience."""
