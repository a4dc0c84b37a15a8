from django.apps import AppConfig


class StreamingConfig(AppConfig):
    """Texts over Server-Sent Events."""

    name = "streaming"
