"""Stock Daphne has none of the extensions of `config.server`: no SEND_NOW, no detached sockets. The
sockets behave alike on both."""

import pytest

from realtime.errors import CloseCode
from tests.live.conftest import close_code


@pytest.mark.parametrize("server", ["daphne", "config.server"])
async def test_sockets_behave_alike_on_both_servers(make_site, open_socket, open_line, server):
    worker = make_site(server=server).worker()

    socket = await open_socket(worker, "/ws/chat/?name=Ann")
    assert (await socket.until("welcome"))["member"]["name"] == "Ann"
    line = await open_line(worker, "/ws/chat/lobby/?name=Mcu")
    assert (await socket.join())["head"] == 0
    await socket.say("c", "hello")
    assert (await socket.acknowledged("c"))["seq"] == 1
    await socket.until_head(1)

    assert await line.recv() == "Ann: hello"
    await line.send("23.5")
    assert [await line.recv(), await line.recv()] == ["23.5", "Mcu: 23.5"]
    await socket.until_head(2)

    await socket.socket.send(b"binary")
    assert await close_code(socket.socket) == CloseCode.BAD_FRAME
    nowhere = await open_line(worker, "/ws/nowhere/")
    assert await close_code(nowhere) == CloseCode.NOT_FOUND
    assert "Traceback" not in worker.log.read_text()
