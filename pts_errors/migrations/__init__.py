"""The schema, and the first publish of the shipped catalog."""
