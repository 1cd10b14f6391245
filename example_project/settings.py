"""Settings of the demo: one SQLite file and every language of the catalog. Not for production."""

from __future__ import annotations

import os
from pathlib import Path

from pts_errors.values.languages import name_of

BASE_DIR = Path(__file__).resolve().parent.parent

# A demo has no secrets. The command ``demo`` refuses to run with DEBUG off, so this cannot become a real site.
SECRET_KEY = "a demo has no secrets"
DEBUG = os.environ.get("DEBUG", "1").lower() in {"1", "true", "yes", "on"}
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

INSTALLED_APPS = [
    "example_project",
    "pts_errors",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
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
ROOT_URLCONF = "example_project.urls"
LOGIN_URL = "admin:login"  # runbook pages ask for a login, and the back office is the only place to log in

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DEMO_DATABASE", BASE_DIR / "demo.sqlite3"),
        "OPTIONS": {
            # A publish locks at its first statement instead of failing half-way. Readers are not blocked.
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
LANGUAGES = [
    (tag, name_of(tag))
    for tag in (
        "en",
        "zh-hans",
        "zh-hant",
        "ar",
        "de",
        "es",
        "fil",
        "fr",
        "hi",
        "id",
        "ja",
        "ko",
        "ms",
        "pt-br",
        "ru",
        "th",
        "vi",
    )
]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
