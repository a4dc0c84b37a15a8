"""The admin, with the operators' page (`/admin/live/`)."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext_lazy as _

from chat.dashboard import views
from config.login_throttle import AdminLoginForm


class Site(AdminSite):
    """Django's AdminSite with the operators' page and a throttled login."""

    site_header = site_title = "Twinstream"
    login_form = AdminLoginForm

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            path("live/", self.admin_view(views.page), name="live"),
            path("live/close", self.admin_view(views.close), name="live-close"),
            # Not in admin_view, which redirects to the login form: a client of events needs a 403.
            path("live/events", views.events, name="live-events"),
            *super().get_urls(),
        ]

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """The models of each app. The operators' page is listed with the chat."""
        apps: list[dict[str, Any]] = super().get_app_list(request, app_label)
        for app in apps:
            if app["app_label"] == "chat" and views.may_view(request.user):
                page = {"name": _("Live"), "object_name": "live", "view_only": True}
                app["models"].append(page | {"admin_url": reverse("admin:live")})
        return apps
