"""Old state plus events equals fresh state: a client that stayed, or resumed, shows the same as a
client that has just connected."""

import random

import pytest
from channels.db import database_sync_to_async

from chat.identity import members
from chat.identity.members import Member
from chat.log import store
from realtime.log.reader import NEWEST
from tests.chat.log.test_store import draft
from tests.clients.rows import client_rows, server_rows

pytestmark = pytest.mark.django_db(transaction=True)

COMMANDS = 90  # more than a new client receives at first
ANN = Member("g-0000000000000001", "Ann", guest=True)


class Folding:
    """A client that stores its entries and its cursor."""

    def __init__(self, socket):
        self.socket = socket
        self.entries = []
        self.cursor = None

    async def join(self):
        cursor = {"cursor": self.cursor} if self.cursor else {}
        joined = await self.socket.join(**cursor)
        assert not joined["reset"]
        self.cursor = joined["cursor"]
        return joined["head"]

    async def until_head(self, head):
        while int(self.cursor.split(":")[1]) < head:
            frame = await self.socket.until("events")
            self.entries += frame["events"]
            self.cursor = frame["cursor"]

    async def load_older(self):
        """Reads all older entries, page by page."""
        while self.entries and self.entries[0]["seq"] > 1:
            before = self.entries[0]["seq"]
            await self.socket.send("history", room="lobby", before=before, limit=20)
            page = await self.socket.until("page")
            self.entries = page["events"] + self.entries


class Tab:
    """One of several tabs of a person, with the newest read receipt of all tabs."""

    def __init__(self, socket):
        self.socket = socket
        self.read = 0

    async def join(self):
        self.read = max(self.read, (await self.socket.join())["read"])
        return self

    async def reads(self, seq):
        self.read = max(self.read, seq)
        await self.socket.send("read", room="lobby", seq=seq)

    async def until_read(self, seq):
        while self.read < seq:
            self.read = max(self.read, (await self.socket.until("read"))["seq"])


class Talker:
    """A member who writes, edits and deletes at random."""

    def __init__(self, socket, name, chance):
        self.socket = socket
        self.name = name
        self.chance = chance
        self.said = []

    async def do_something(self, number):
        """Returns the seq of the entry."""
        cid = f"{self.name}-{number}"
        kind = self.chance.choice(("say", "say", "edit", "edit", "delete")) if self.said else "say"
        fields = {"body": f"{kind} {number}"} if kind != "delete" else {}
        if kind != "say":
            fields["ref"] = self.chance.choice(self.said)
        if kind == "delete":
            self.said.remove(fields["ref"])
        await self.socket.send(kind, room="lobby", cid=cid, **fields)
        seq = (await self.socket.until("ack"))["seq"]
        if kind == "say":
            self.said.append(seq)
        return seq


@pytest.mark.parametrize("seed", range(12))
async def test_a_resumed_client_shows_the_same_as_a_new_client(connect, lobby, seed):
    chance = random.Random(seed)
    talkers = [Talker(await connect(), name, chance) for name in ("ann", "bob")]
    joins, drops, resumes = sorted(chance.sample(range(COMMANDS), 3))
    old = None
    for number in range(COMMANDS):
        if number == joins:
            old = Folding(await connect())
            await old.until_head(await old.join())
        elif number == drops:
            await old.socket.close()
        elif number == resumes:
            old.socket = await connect()
            await old.until_head(await old.join())
        head = await chance.choice(talkers).do_something(number)
        if old and not drops <= number < resumes and chance.random() < 0.5:
            await old.until_head(head)
    await old.until_head(head)
    await old.load_older()

    new = Folding(await connect())
    assert await new.join() == head == COMMANDS
    await new.until_head(head)
    assert len(new.entries) == NEWEST
    await new.load_older()
    assert [entry["seq"] for entry in old.entries] == list(range(1, head + 1))
    fresh = server_rows(new.entries)
    assert client_rows(old.entries) == client_rows(new.entries) == fresh
    assert {"edited_at", "deleted"} <= {name for row in fresh.values() for name in row}


@pytest.mark.parametrize("seed", range(6))
async def test_all_tabs_of_a_person_have_the_same_read_receipt_as_a_new_tab(connect, lobby, seed):
    chance = random.Random(seed)
    messages = [draft(lobby, str(number)) for number in range(COMMANDS)]
    await database_sync_to_async(store.write)(messages)
    headers = [(b"cookie", f"guest={members.guest_cookie(ANN)}".encode())]
    tabs = [await Tab(await connect(headers=headers)).join() for _ in range(3)]
    asked = [chance.randrange(1, COMMANDS) for _ in range(20)]
    for number, seq in enumerate(asked):
        tab = chance.choice(tabs)
        if number % 5 == 4:  # reconnects after others have read
            await tab.socket.close()
            tab.socket = await connect(headers=headers)
            await tab.join()
        await tab.reads(seq)
    for tab in tabs:
        await tab.until_read(max(asked))
    new = await Tab(await connect(headers=headers)).join()
    assert [tab.read for tab in [*tabs, new]] == [max(asked)] * 4
