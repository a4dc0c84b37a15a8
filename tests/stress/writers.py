"""Those who talk: one command after another, each again with its cid until it is acknowledged,
over whichever worker is there."""

import asyncio
import random
from typing import Any

import httpx

from tests.clients.websocket import WebSocketClient
from tests.stress.book import Book
from tests.stress.following import LOST
from tests.stress.wire import ROOM, Wire, connected, entries_url

PAUSE_SECONDS = (0.0, 0.1)
BACK_SECONDS = (0.05, 0.5)
ANSWER_SECONDS = 15.0
EDITS, DELETES = 0.10, 0.05  # of the commands
RECENT = 40  # own messages that may still be changed
WORDS = ("23.5 °C", "مرحبا", "👨‍👩‍👧‍👦 hello", "a longer line " * 12)


class Refused(Exception):
    """An answer that is no ack. For good, unless it says when to come again."""


class Writer:
    """What both kinds have in common."""

    def __init__(self, name: str, cookies: dict[str, str], urls: list[str], book: Book, seed: int):
        self.name = name
        self.urls = urls
        self.cookies = cookies
        self.book = book
        self.chance = random.Random(f"{seed} {name}")
        self.connection: asyncio.Task[None] | None = None
        self.said: list[tuple[int, str]] = []  # seq and cid of what may be changed
        self.command: dict[str, Any] = {}
        self.number = 0
        self.stopping = False
        self.refused = False

    async def run(self) -> None:
        """Talks until it is `stopping`, and its last command acknowledged."""
        self.next_command()
        while self.unanswered and not self.refused:
            self.connection = asyncio.ensure_future(self.talk(self.chance.choice(self.urls)))
            try:
                await asyncio.wait({self.connection})
            finally:
                await self.hang_up()
            await asyncio.sleep(self.chance.uniform(*BACK_SECONDS))

    async def hang_up(self) -> None:
        self.cut()
        try:
            await self.connection
        except Refused as refused:
            self.book.wrong.append(f"{self.name} was refused: {refused}")
            self.refused = True
        except (httpx.ReadTimeout, TimeoutError):
            self.book.counts["no answer in time"] += 1
        except (*LOST, asyncio.CancelledError):
            pass

    def cut(self) -> None:
        """Tears the connection down, perhaps between a command and its ack."""
        if self.connection:
            self.connection.cancel()

    async def talk(self, url: str) -> None:
        """Says one thing after another over one connection."""
        raise NotImplementedError

    # ---- What to say ----

    def next_command(self) -> None:
        """Something new: mostly a message, sometimes a change of one's own."""
        self.number += 1
        cid = f"{self.name}-{self.number}"
        dice = self.chance.random()
        if dice < EDITS and self.said:
            ref, first = self.chance.choice(self.said)
            self.command = {"type": "edit", "cid": cid, "ref": ref, "body": self.body(first)}
        elif dice < EDITS + DELETES and self.said:
            ref, _ = self.said.pop(self.chance.randrange(len(self.said)))
            self.command = {"type": "delete", "cid": cid, "ref": ref}
        else:
            self.command = {"type": "say", "cid": cid, "body": self.body(cid)}
        self.command["room"] = ROOM

    def body(self, cid: str) -> str:
        """Begins with the cid, by which a line of text is known again, edited or not."""
        return f"{cid} {self.chance.choice(WORDS)}"

    # ---- What is answered ----

    async def answered(self, frame: dict[str, Any]) -> None:
        """Goes on after an ack, and waits where the server asks for it. Refused otherwise."""
        if frame["type"] == "ack":
            self.acknowledged(frame)
            await asyncio.sleep(self.chance.uniform(*PAUSE_SECONDS))
        elif wait := frame.get("retry_after_ms"):
            self.book.counts[f"answers {frame['code']}"] += 1
            await asyncio.sleep(wait / 1000)
        else:
            raise Refused(f"{self.command}: {frame}")

    def acknowledged(self, ack: dict[str, Any]) -> None:
        self.book.acknowledged(ack["cid"], ack["seq"], duplicate=ack["duplicate"])
        if self.command["type"] == "say":
            self.said = [*self.said, (ack["seq"], ack["cid"])][-RECENT:]
        if not self.stopping:
            self.next_command()

    @property
    def unanswered(self) -> bool:
        return self.command["cid"] not in self.book.acks


class SocketWriter(Writer):
    async def talk(self, url: str) -> None:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        async with connected(url, additional_headers={"Cookie": cookie}) as client:
            while self.unanswered:
                self.book.sends(self.command["cid"])
                await client.send(**self.command)
                async with asyncio.timeout(ANSWER_SECONDS):
                    frame = await self.answer(client)
                await self.answered(frame)

    async def answer(self, client: WebSocketClient) -> dict[str, Any]:
        """The answer to the command; what else arrives is passed over."""
        while True:
            frame = await client.take()
            if frame.get("cid") == self.command["cid"]:
                return frame


class PostWriter(Writer):
    async def talk(self, url: str) -> None:
        wire = Wire(self.cookies)
        try:
            while self.unanswered:
                await self.answered(await self.post(wire, url))
        finally:
            wire.reset_on_close()
            await wire.close()

    async def post(self, wire: Wire, url: str) -> dict[str, Any]:
        self.book.sends(self.command["cid"])
        answer = await wire.client.post(
            entries_url(url),
            json=self.command,
            headers={"X-CSRFToken": self.cookies["csrftoken"]},
            extensions=wire.extensions,
            timeout=httpx.Timeout(ANSWER_SECONDS),
        )
        return answer.json()


KINDS = (SocketWriter, PostWriter)
