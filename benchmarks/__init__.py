"""Benchmarks: what this package costs, as ratios to what a Django project would do without it. See `make bench`."""
