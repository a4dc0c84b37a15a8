"""The site's own end."""

from chat import shutdown
from config.worker import lifespan
from realtime import event_stream


def test_farewell_is_said_even_if_the_streams_cannot_be_ended(monkeypatch, caplog):
    said = []

    def fail():
        raise RuntimeError

    monkeypatch.setattr(event_stream.streams, "drain", fail)
    monkeypatch.setattr(shutdown, "farewell", lambda: said.append("farewell"))
    lifespan.see_off()
    assert said == ["farewell"]
    assert "Not everybody was seen off." in caplog.text
