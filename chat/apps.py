from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Rooms over any tap."""

    name = "chat"
