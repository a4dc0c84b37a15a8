"""A small project with django-eventstream. Without event storage, like the first example of its
documentation: nothing is written to a database."""

import os

SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = ["daphne", "django_eventstream", "ticker"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "server.urls"
ASGI_APPLICATION = "server.asgi.application"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
