"""Stock Daphne has none of the extensions of `config.server`: no SEND_NOW, no detached sockets. The
sockets behave alike on both."""

import pytest

from realtime.errors import CloseCode


@pytest.mark.parametrize("server", ["daphne", "config.server"])
async def test_sockets_behave_alike_on_both_servers(
    make_site, open_socket, open_text_socket, server
):
    worker = make_site(server=server).worker()

    socket = await open_socket(worker, "/ws/chat/?name=Ann")
    assert (await socket.until("welcome"))["member"]["name"] == "Ann"
    line = await open_text_socket(worker, "/ws/chat/lobby/?name=Mcu")
    assert (await socket.join())["head"] == 0
    await socket.say("c", "hello")
    assert (await socket.acknowledged("c"))["seq"] == 1
    await socket.until_head(1)

    assert await line.receive() == "Ann: hello"
    await line.send_text("23.5")
    assert [await line.receive(), await line.receive()] == ["23.5", "Mcu: 23.5"]
    await socket.until_head(2)

    await socket.send_text(b"binary")
    assert await socket.closed() == CloseCode.BAD_FRAME
    nowhere = await open_text_socket(worker, "/ws/nowhere/")
    assert await nowhere.closed() == CloseCode.NOT_FOUND
    assert "Traceback" not in worker.log.read_text()
