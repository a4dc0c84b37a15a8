from django.apps import AppConfig


class StreamingConfig(AppConfig):
    """Text over Server-Sent Events."""

    name = "streaming"
