"""An acknowledged entry is stored: it survives a power failure, which drops what was not synced.

PostgreSQL syncs before each commit returns, unless its `fsync` or `synchronous_commit` is off.
"""

import asyncio
import shutil
import subprocess
from itertools import pairwise

from chat.models import Entry
from tests.processes import ROOT, need
from tests.shared import made_once
from tests.site_database import run_on_database

SOURCE = ROOT / "tests" / "live" / "synced_files.c"
FLAGS = ("-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror")
FILE = "site.sqlite3"
MESSAGES = [f"m-{number}" for number in range(5)]


def compile_library(path):
    subprocess.run([need("cc", "gcc"), *FLAGS, "-o", path, SOURCE, "-ldl"], check=True)


class Disk:
    """What the disk of a site has after a power failure."""

    def __init__(self, site):
        self.folder = site.folder / "disk"
        self.folder.mkdir()
        shutil.copyfile(site.folder / FILE, self.folder / FILE)
        self.url = f"sqlite:///{self.folder / FILE}"
        library = made_once("synced_files.so", compile_library)
        site.environment["LD_PRELOAD"] = str(library)
        site.environment["SYNCED_FOLDER"] = str(self.folder)
        site.environment["SYNCED_FILE"] = FILE

    @property
    def syncs(self):
        """How often the write-ahead log was synced."""
        file = self.folder / "syncs"
        return file.read_text().split().count(f"{FILE}-wal") if file.exists() else 0


async def talk(worker, disk, open_socket):
    """Sends messages, each after the ack of the one before. Returns the number of syncs before the
    first and after each ack."""
    client = await open_socket(worker)
    await client.join()
    counts = [disk.syncs]
    for cid in MESSAGES:
        await client.say(cid)
        await client.acknowledged(cid)
        counts.append(disk.syncs)
    return counts


async def test_an_acknowledged_entry_is_synced_and_survives_a_power_failure(make_site, open_socket):
    site = make_site()
    disk = Disk(site)
    worker = await asyncio.to_thread(site.worker)
    counts = await talk(worker, disk, open_socket)
    assert all(before < after for before, after in pairwise(counts))
    worker.kill()

    del site.environment["LD_PRELOAD"]
    site.environment["DATABASE_URL"] = disk.url
    again = await open_socket(await asyncio.to_thread(site.worker, "after"))
    assert (await again.join())["head"] == len(MESSAGES)
    await again.until_head(len(MESSAGES))
    assert [entry["cid"] for entry in again.entries] == MESSAGES


async def test_with_synchronous_normal_a_power_failure_loses_acknowledged_entries(
    make_site, open_socket
):
    """What the setting costs, and that this file would notice a missing sync."""
    site = make_site(SQLITE_SYNCHRONOUS="NORMAL")
    disk = Disk(site)
    worker = await asyncio.to_thread(site.worker)
    counts = await talk(worker, disk, open_socket)
    worker.kill()
    assert counts[-1] == counts[1]
    assert run_on_database(disk.url, Entry.objects.count) == 0
    assert site.query(Entry.objects.count) == len(MESSAGES)
