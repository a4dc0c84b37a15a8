"""The site's own end."""

from chat import leaving
from config import lifespan
from streaming import responses


def test_farewell_is_said_even_if_the_streams_cannot_be_ended(monkeypatch, caplog):
    said = []

    def fail():
        raise RuntimeError

    monkeypatch.setattr(responses.streams, "drain", fail)
    monkeypatch.setattr(leaving, "farewell", lambda: said.append("farewell"))
    lifespan.see_off()
    assert said == ["farewell"]
    assert "Not everybody was seen off." in caplog.text
