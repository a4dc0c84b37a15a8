"""ASGI lifespan, which Daphne does not have."""

from config.server.lifespan_runner import LifespanRunner


async def test_the_application_receives_the_events_in_order_and_startup_once():
    received = []

    async def application(scope, receive, send):
        assert scope["type"] == "lifespan"
        while not received or received[-1] != "lifespan.shutdown":
            received.append((await receive())["type"])
            await send({"type": f"{received[-1]}.complete"})

    runner = LifespanRunner(application)
    runner.start()
    runner.start()
    runner.drain()
    await runner.shutdown()
    assert received == ["lifespan.startup", "lifespan.drain", "lifespan.shutdown"]


async def test_an_application_without_lifespan_does_not_stop_the_server(caplog):
    async def application(scope, receive, send):
        raise ValueError("unknown scope")

    runner = LifespanRunner(application)
    runner.start()
    await runner.shutdown()
    assert caplog.messages == ["The lifespan of the application failed."]


async def test_a_server_that_never_listened_has_nothing_to_shut_down():
    await LifespanRunner(None).shutdown()
