"""Starlette under uvicorn: an event stream with sse-starlette, and a room that is a set."""

import asyncio
import itertools
import os
from pathlib import Path

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

TEXT = Path(os.environ["TEXT_FILE"]).read_text()
connected = set()


async def characters(seconds):
    for character in itertools.cycle(TEXT):
        yield {"data": character}
        await asyncio.sleep(seconds)


async def events(request):
    return EventSourceResponse(characters(int(request.query_params["interval"]) / 1000))


async def room(websocket):
    await websocket.accept()
    connected.add(websocket)
    try:
        async for text in websocket.iter_text():
            await broadcast(text)
    finally:
        connected.discard(websocket)


async def broadcast(text):
    for websocket in list(connected):
        await websocket.send_text(text)


app = Starlette(routes=[Route("/events", events), WebSocketRoute("/ws", room)])
