from django.apps import AppConfig
from django.contrib.admin import apps as admin


class SiteConfig(AppConfig):
    """The project itself. An app, so that its management commands are found; has no models."""

    name = "config"
    default = True


class AdminConfig(admin.AdminConfig):
    """Django's admin with our AdminSite."""

    default = False
    default_site = "config.admin_site.Site"
