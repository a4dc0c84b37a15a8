from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The composition of the two apps; has no models."""

    name = "config"
