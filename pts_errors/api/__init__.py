"""The read-only HTTP API; the only room that imports Django REST framework."""
