"""The signals that a host may listen to."""

from __future__ import annotations

from django.dispatch import Signal

# Sent after the commit of a publish, with number (int), codes (tuple of str) and origin (str).
published = Signal()

# Sent when a PTSError is described, with code (str; empty if it is not in the catalog), outcome (str),
# retry_advice (str) and status (int). For metrics: it costs nothing without a receiver.
problem_described = Signal()
