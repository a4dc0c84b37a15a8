from importlib import import_module

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Chat rooms over WebSocket, event streams and HTTP."""

    name = "chat"

    def ready(self) -> None:
        """Connects the signal receivers. Models can be imported only now."""
        import_module("chat.signals").connect()
