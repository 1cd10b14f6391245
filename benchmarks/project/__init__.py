"""The host project of the benchmarks: this app, the same as people would write it themselves, and django-parler."""
