from django.apps import AppConfig
from django.contrib.admin import apps as admin


class SiteConfig(AppConfig):
    """The composition of the two apps; has no models."""

    name = "config"
    default = True


class AdminConfig(admin.AdminConfig):
    """Django's admin, with our site."""

    default = False
    default_site = "config.admin_site.Site"
