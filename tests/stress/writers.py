"""Clients that write: one command after another. A writer repeats a command with the same cid until
it is acknowledged, each time on a random worker."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import httpx

from tests.clients.websocket import WebSocketClient
from tests.stress.base_reader import CONNECTION_ERRORS
from tests.stress.comparison import AckRead
from tests.stress.http_client import ROOM, HttpClient, connected, entries_url
from tests.stress.record import Record

PAUSE_SECONDS = (0.0, 0.1)
RECONNECT_SECONDS = (0.05, 0.5)
ANSWER_SECONDS = 15.0
EDIT_SHARE, DELETE_SHARE = 0.10, 0.05  # of the commands
READ_SHARE = 0.5  # of the acks: the entry is read from another worker
RECENT = 40  # own messages that the writer may still edit or delete
WORDS = ("23.5 °C", "مرحبا", "👨‍👩‍👧‍👦 hello", "a longer line " * 12)


class Refused(Exception):
    """The answer is an error without `retry_after_ms`: the command was refused finally."""


class Writer:
    """The base of both writers."""

    pause_seconds = PAUSE_SECONDS  # between an answer and the next command
    others: Sequence[str] = ()  # the workers to which it is not connected

    def __init__(
        self, name: str, cookies: dict[str, str], urls: list[str], record: Record, seed: int
    ):
        self.name = name
        self.urls = urls
        self.cookies = cookies
        self.record = record
        self.rng = random.Random(f"{seed} {name}")
        self.connection: asyncio.Task[None] | None = None
        self.said: list[tuple[int, str]] = []  # seq and cid of own messages
        self.command: dict[str, Any] = {}
        self.number = 0
        self.stopping = False
        self.refused = False
        self.reading = HttpClient()

    async def run(self) -> None:
        """Writes until `stopping` is set and the last command is acknowledged."""
        self.next_command()
        try:
            while self.unanswered and not self.refused:
                await self.connect(self.rng.choice(self.urls))
                await asyncio.sleep(self.rng.uniform(*RECONNECT_SECONDS))
        finally:
            await self.reading.close()

    async def connect(self, url: str) -> None:
        """Sends commands over one connection, until it ends."""
        self.others = [other for other in self.urls if other != url]
        self.connection = asyncio.ensure_future(self.talk(url))
        try:
            await asyncio.wait({self.connection})
        finally:
            await self.close_connection()

    async def close_connection(self) -> None:
        self.cut()
        try:
            await self.connection
        except Refused as refused:
            self.record.errors.append(f"{self.name} was refused: {refused}")
            self.refused = True
        except (httpx.ReadTimeout, TimeoutError):
            self.record.counts["no answer in time"] += 1
        except (*CONNECTION_ERRORS, asyncio.CancelledError):
            pass

    def cut(self) -> None:
        """Aborts the connection, possibly between a command and its ack."""
        if self.connection:
            self.connection.cancel()

    async def talk(self, url: str) -> None:
        """Sends one command after another over one connection."""
        raise NotImplementedError

    # ---- Commands ----

    def next_command(self) -> None:
        """Makes the next command: a message, an edit or a deletion of an own message."""
        self.number += 1
        cid = f"{self.name}-{self.number}"
        share = self.rng.random()
        if share < EDIT_SHARE and self.said:
            ref, first = self.rng.choice(self.said)
            self.command = {"type": "edit", "cid": cid, "ref": ref, "body": self.body(first)}
        elif share < EDIT_SHARE + DELETE_SHARE and self.said:
            ref, _ = self.said.pop(self.rng.randrange(len(self.said)))
            self.command = {"type": "delete", "cid": cid, "ref": ref}
        else:
            self.command = {"type": "say", "cid": cid, "body": self.body(cid)}
        self.command["room"] = ROOM

    def body(self, cid: str) -> str:
        """A random text that begins with the cid, so that a plain-text line shows its cid."""
        return f"{cid} {self.rng.choice(WORDS)}"

    # ---- Answers ----

    async def answered(self, frame: dict[str, Any]) -> None:
        """After an ack, makes the next command. Waits for `retry_after_ms`. Else raises Refused."""
        if frame["type"] == "ack":
            self.acknowledged(frame)
            if self.others and self.rng.random() < READ_SHARE:
                await self.read_from_other(frame["cid"], frame["seq"])
            await asyncio.sleep(self.rng.uniform(*self.pause_seconds))
        elif wait := frame.get("retry_after_ms"):
            self.record.counts[f"answers {frame['code']}"] += 1
            await asyncio.sleep(wait / 1000)
        else:
            raise Refused(f"{self.command}: {frame}")

    def acknowledged(self, ack: dict[str, Any]) -> None:
        self.record.acknowledged(ack["cid"], ack["seq"], duplicate=ack["duplicate"])
        if self.command["type"] == "say":
            self.said = [*self.said, (ack["seq"], ack["cid"])][-RECENT:]
        if not self.stopping:
            self.next_command()

    async def read_from_other(self, cid: str, seq: int) -> None:
        """Reads an acknowledged entry from a worker that did not write it. A worker that is away
        says nothing."""
        url = entries_url(self.rng.choice(self.others))
        try:
            head = (await self.reading.get(url))["head"]
            page = await self.reading.get(url, before=seq + 1, limit=1)
        except CONNECTION_ERRORS:
            self.record.counts["reads without an answer"] += 1
        else:
            self.record.reads.append(AckRead(cid, seq, head, page["events"]))

    @property
    def unanswered(self) -> bool:
        return self.command["cid"] not in self.record.acks


class SocketWriter(Writer):
    async def talk(self, url: str) -> None:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        async with connected(url, additional_headers={"Cookie": cookie}) as client:
            while self.unanswered:
                self.record.note_sent(self.command["cid"])
                await client.send(**self.command)
                async with asyncio.timeout(ANSWER_SECONDS):
                    frame = await self.answer(client)
                await self.answered(frame)

    async def answer(self, client: WebSocketClient) -> dict[str, Any]:
        """The answer to the current command. Ignores all other frames."""
        while True:
            frame = await client.take()
            if frame.get("cid") == self.command["cid"]:
                return frame


class PostWriter(Writer):
    async def talk(self, url: str) -> None:
        client = HttpClient(self.cookies)
        try:
            while self.unanswered:
                await self.answered(await self.post(client, url))
        finally:
            client.reset_on_close()
            await client.close()

    async def post(self, client: HttpClient, url: str) -> dict[str, Any]:
        self.record.note_sent(self.command["cid"])
        answer = await client.client.post(
            entries_url(url),
            json=self.command,
            headers={"X-CSRFToken": self.cookies["csrftoken"]},
            extensions=client.extensions,
            timeout=httpx.Timeout(ANSWER_SECONDS),
        )
        return answer.json()


WRITERS = (SocketWriter, PostWriter)
