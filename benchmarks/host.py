"""Set up Django with the host project on import, with a new SQLite file or ``BENCH_DATABASE``."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

import django
from django.core.management import call_command

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.project.settings"
if "BENCH_DATABASE" not in os.environ:
    _folder = tempfile.mkdtemp(prefix="pts-errors-bench-")
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    os.environ["BENCH_DATABASE"] = os.path.join(_folder, "bench.sqlite3")  # child processes use it too

django.setup()


def migrate() -> None:
    """Create the tables and seed the shipped catalog."""
    call_command("migrate", run_syncdb=True, verbosity=0)
