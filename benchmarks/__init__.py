"""Benchmarks: the cost of this package relative to plain Django solutions. See `make bench`."""
