from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ChatConfig(AppConfig):
    """Rooms over any tap."""

    name = "chat"

    def ready(self) -> None:
        """Begins to notice what is changed."""
        autodiscover_modules("revocations")
