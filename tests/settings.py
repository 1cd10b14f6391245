"""Settings of the tests: SQLite, or the database that TEST_DATABASE names, over its local socket."""

from __future__ import annotations

import os

import django

_DATABASES: dict[str, dict[str, object]] = {
    "sqlite": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
    "postgresql": {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres"},
    "mariadb": {
        "ENGINE": "django.db.backends.mysql",
        "NAME": "pts_errors",
        "USER": "root",
        "OPTIONS": {"charset": "utf8mb4"},
        # The least exact of the usual collations: zh-Hans is zh-hans to it, and a space at the end is nothing.
        "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_general_ci"},
    },
}

SECRET_KEY = "tests"
DATABASES = {"default": _DATABASES[os.environ.get("TEST_DATABASE", "sqlite")]}
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "guardian",
    "pts_errors",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
if django.VERSION >= (6, 0):  # one test sets a policy; without it the middleware does nothing
    MIDDLEWARE.append("django.middleware.csp.ContentSecurityPolicyMiddleware")
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
ROOT_URLCONF = "tests.support.urls"
STATIC_URL = "/static/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
USE_TZ = True
# A host with permissions on single rows; the tests of it bring its backend.
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
# Every read asks the database whether there is news, so that no test waits.
PTS_ERRORS_REFRESH_SECONDS = 0
