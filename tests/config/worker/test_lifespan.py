"""The steps of draining."""

from chat.worker import current
from config.worker import lifespan


async def test_sockets_are_drained_even_if_draining_the_streams_fails(monkeypatch, caplog):
    drained = []

    def fail():
        raise RuntimeError

    monkeypatch.setattr(current().streams, "drain", fail)
    monkeypatch.setattr(current(), "drain", lambda: drained.append("sockets"))
    lifespan.begin_drain()
    assert drained == ["sockets"]
    assert "A drain step failed." in caplog.text
