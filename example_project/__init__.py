"""A small checkout that shows what django-pts-errors does: ``make demo``."""
