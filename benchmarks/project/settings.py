"""Settings as written by ``startproject``, with this app and its rivals. ``BENCH_*`` variables set the rest."""

from __future__ import annotations

import os

_DATABASE = os.environ[
    "BENCH_DATABASE"
]  # the path of a SQLite file, or postgresql:<name>, with libpq's variables for the rest

SECRET_KEY = "benchmarks"
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]

# The first six are those of startproject. BENCH_APPS replaces the list, to measure the start.
INSTALLED_APPS = os.environ.get(
    "BENCH_APPS",
    "django.contrib.admin django.contrib.auth django.contrib.contenttypes django.contrib.sessions "
    "django.contrib.messages django.contrib.staticfiles pts_errors rest_framework parler benchmarks.project",
).split()
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
if "BENCH_GZIP" in os.environ:
    MIDDLEWARE.insert(0, "django.middleware.gzip.GZipMiddleware")
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "benchmarks.project.urls"
WSGI_APPLICATION = "benchmarks.project.wsgi.application"

if _DATABASE.startswith("postgresql:"):
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _DATABASE.removeprefix("postgresql:"),
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": _DATABASE,
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;", "timeout": 30},
        }
    }
# Spare rivals that query on every request from reconnecting each time.
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Used by parler's cache; this is Django's default.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("zh-hans", "简体中文")]
PARLER_LANGUAGES = {None: ({"code": "en"}, {"code": "de"}), "default": {"fallbacks": ["en"]}}
USE_TZ = True
STATIC_URL = "/static/"

PTS_ERRORS_REFRESH_SECONDS = float(os.environ.get("BENCH_REFRESH_SECONDS", "1"))
