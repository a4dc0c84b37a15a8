"""The admin, with a page that shows the site as it lives."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext_lazy as _

from chat.dashboard import views
from config.login_throttle import AdminLoginForm


class Site(AdminSite):
    """Django's, and one page more."""

    site_header = site_title = "Twinstream"
    login_form = AdminLoginForm

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            path("live/", self.admin_view(views.page), name="live"),
            path("live/close", self.admin_view(views.close), name="live-close"),
            # Whoever may not see it is to be told so, and not to be sent to a form.
            path("live/events", views.events, name="live-events"),
            *super().get_urls(),
        ]

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """The models, and the page beside those that it shows."""
        apps: list[dict[str, Any]] = super().get_app_list(request, app_label)
        for app in apps:
            if app["app_label"] == "chat" and views.may_see(request.user):
                page = {"name": _("Live"), "object_name": "live", "view_only": True}
                app["models"].append(page | {"admin_url": reverse("admin:live")})
        return apps
