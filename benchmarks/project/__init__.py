"""The host project of the benchmarks: this app, a stock implementation of its API, and django-parler."""
