"""The limit of new streams and sockets for each address, which a proxy passes on."""

import asyncio
import re

import httpx

TRY_LATER = 4429
OFFICE, OTHER = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
TABS = 200
RETRY = re.compile(rb"retry: (\d+)\n")
STREAMS = ["/api/sse", "/api/rooms/lobby/events"]


async def first_piece(client, url, headers):
    async with client.stream("GET", url, headers=headers) as answer:
        assert answer.status_code == 200
        return await anext(answer.aiter_raw())


async def test_too_many_connections_of_an_address_are_asked_to_retry_later(
    make_site, open_socket, open_text_socket
):
    site = make_site(OPENINGS_PER_SECOND="1", OPENING_BURST="2")
    worker = site.worker("worker", "--proxy-headers")
    async with httpx.AsyncClient(timeout=30) as client, asyncio.timeout(60):

        async def until_refused():
            while True:
                socket = await open_socket(worker, additional_headers=OFFICE)
                frame = await socket.take()
                if frame["type"] == "bye":
                    return socket, frame
                assert frame["type"] == "welcome"

        socket, bye = await until_refused()
        assert bye["reason"] == "busy"
        assert 10_000 <= bye["retry_after_ms"] <= 30_000
        assert await socket.closed() == TRY_LATER

        # The bucket may have room again before the next connection: so try repeatedly.
        for path in STREAMS:
            wait = 0
            while wait < 10_000:
                await until_refused()
                piece = await first_piece(client, worker.url + path, OFFICE)
                wait = int(RETRY.match(piece)[1])
            assert wait <= 30_000

        first_line = ""
        while not first_line.startswith("! The server is busy."):
            await until_refused()
            text_socket = await open_text_socket(worker, additional_headers=OFFICE)
            first_line = await text_socket.receive()
        assert await text_socket.closed() == TRY_LATER
        # Pages are not limited, and other addresses are not affected.
        assert (await client.get(f"{worker.url}/chat/", headers=OFFICE)).status_code == 200
        await (await open_socket(worker, additional_headers=OTHER)).until("welcome")
        for _ in range(5):
            await (await open_socket(worker)).until("welcome")


async def test_200_tabs_of_an_address_may_connect_at_once(make_site, open_socket):
    worker = make_site().worker("worker", "--proxy-headers")
    async with asyncio.timeout(60):
        opened = await asyncio.gather(
            *(open_socket(worker, additional_headers=OFFICE) for _ in range(TABS))
        )
        assert {(await client.take())["type"] for client in opened} == {"welcome"}
