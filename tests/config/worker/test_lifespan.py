"""The steps of draining."""

from chat import shutdown
from config.worker import lifespan
from realtime import event_stream


def test_sockets_are_closed_even_if_ending_the_streams_fails(monkeypatch, caplog):
    called = []

    def fail():
        raise RuntimeError

    monkeypatch.setattr(event_stream.streams, "drain", fail)
    monkeypatch.setattr(shutdown, "farewell", lambda: called.append("farewell"))
    lifespan.begin_drain()
    assert called == ["farewell"]
    assert "A drain step failed: " in caplog.text
