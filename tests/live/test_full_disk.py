"""A worker that cannot write any more. A limit on the size of its files does what a full disk does,
and needs no rights: each write beyond it fails."""

import resource
import sqlite3

import httpx

# The size of the SQLite file's first page. Nothing can be added to a log or a database.
LIMIT = 4096
LARGE = b"x" * 140_000  # Twisted writes it into a file


def limit_files(worker, size):
    resource.prlimit(worker.running.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_worker_that_cannot_write_says_so_and_refuses_a_large_body_in_the_format_of_the_api(
    make_site,
):
    site = make_site()
    worker = site.worker()
    # Otherwise each connection would create the write-ahead log, and even reading would fail.
    other = sqlite3.connect(site.folder / "site.sqlite3")
    other.execute("SELECT * FROM chat_room").fetchall()
    post = f"{worker.url}/api/rooms/lobby/entries"
    assert httpx.post(post, content=LARGE, timeout=60).status_code in (403, 413)  # by Django
    limit_files(worker, LIMIT)
    answer = httpx.get(f"{worker.url}/readyz", timeout=60)
    assert answer.status_code == 503
    assert answer.json() == {
        "worker": "ready",
        "database": "not writable",
        "disk": "not writable",
    }
    answer = httpx.post(post, content=LARGE, timeout=60)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    error = answer.json()
    assert (error["code"], error["retry_after_ms"]) == ("internal", 10_000)
    assert httpx.get(f"{worker.url}/chat/", timeout=60).status_code == 200
    limit_files(worker, resource.RLIM_INFINITY)
    assert httpx.get(f"{worker.url}/readyz", timeout=60).status_code == 200
    assert httpx.post(post, content=LARGE, timeout=60).status_code in (403, 413)
    other.close()
