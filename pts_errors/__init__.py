"""The error codes of the payment gateway PTS, as text that people can act on.

INSTALLED_APPS += ["pts_errors"]        # then: python manage.py migrate

from pts_errors import lookup
error = lookup.get("1007", language="zh-TW")
str(error)                              # what a customer may read
error.retry_advice                      # what the calling system may do

{% load pts_errors %}{% pts_error "1007" %}

from pts_errors.exceptions import raise_for_code
raise_for_code(response.json())         # raises PTSError unless the code is 1000
"""
