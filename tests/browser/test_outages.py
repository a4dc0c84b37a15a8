"""Redis, a worker or the browser stops while people write messages."""

import pytest

from tests.browser.conftest import stored_bodies
from tests.browser.window import OUTAGE

LOBBY = "/chat/lobby/"


def until_same(site, windows, *bodies):
    """Waits until the log and every window have exactly these messages, in the same order."""
    for window in windows:
        window.until(
            lambda window=window: (
                sorted(window.bodies()) == sorted(bodies)
                and {row["state"] for row in window.rows()} == {"sent"}
            )
        )
        window.until(lambda window=window: window.bodies() == windows[0].bodies())
    assert stored_bodies(site, LOBBY) == windows[0].bodies()


@pytest.fixture
def two_workers(make_site, open_window):
    """A site, its two workers, and a window on each."""
    site = make_site(redis=True)
    workers = [site.worker(name) for name in ("one", "two")]
    windows = [open_window(worker.url + LOBBY, expected=OUTAGE) for worker in workers]
    for window in windows:
        window.until_state("connected")
    return site, workers, windows


def test_windows_on_two_workers_exchange_messages_while_redis_is_away(two_workers):
    site, _, windows = two_workers
    ann, bob = windows
    ann.say("with")
    bob.until_sent("with")
    site.redis.kill()
    for number in range(3):
        ann.say(f"ann {number}")
        bob.say(f"bob {number}")
    bodies = ["with", *(f"{name} {number}" for name in ("ann", "bob") for number in range(3))]
    until_same(site, windows, *bodies)
    site.redis.start()
    ann.say("back")
    until_same(site, windows, *bodies, "back")


def test_no_message_is_lost_when_a_worker_is_killed(two_workers):
    site, workers, windows = two_workers
    ann, bob = windows
    ann.say("before")
    bob.until_sent("before")
    workers[0].kill()
    ann.say("unsent")
    bob.say("during")
    ann.until(lambda: ann.state() == "reconnecting")
    workers[0].start()
    until_same(site, windows, "before", "unsent", "during")


def test_no_message_is_lost_while_a_frozen_page_is_away(two_workers):
    site, workers, windows = two_workers
    ann, bob = windows
    ann.say("before")
    bob.until_sent("before")
    ann.say("just before it closed")
    ann.cdp("Page.setWebLifecycleState", state="frozen")
    workers[0].kill()
    bob.say("while it was closed")
    bob.until(lambda: bob.bodies()[-1] == "while it was closed")
    workers[0].start()
    ann.cdp("Page.setWebLifecycleState", state="active")
    until_same(site, windows, "before", "just before it closed", "while it was closed")
