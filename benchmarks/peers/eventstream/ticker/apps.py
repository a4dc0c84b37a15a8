"""A thread that sends the text, as in the examples of django-eventstream."""

import itertools
import os
import threading
import time
from pathlib import Path

from django.apps import AppConfig
from django_eventstream import send_event


class TickerConfig(AppConfig):
    name = "ticker"

    def ready(self):
        threading.Thread(target=send_the_text, daemon=True).start()


def send_the_text():
    text = Path(os.environ["TEXT_FILE"]).read_text()
    seconds = float(os.environ["INTERVAL_MS"]) / 1000
    for character in itertools.cycle(text):
        send_event("text", "message", character, json_encode=False)
        time.sleep(seconds)
