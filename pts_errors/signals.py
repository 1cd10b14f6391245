"""What a host may listen to."""

from __future__ import annotations

from django.dispatch import Signal

# Sent after the commit of a publish, with number (int), codes (tuple of str) and origin (str).
published = Signal()
