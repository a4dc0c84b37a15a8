"""Parts of the site die while people talk."""

import pytest

from tests.browser.conftest import said
from tests.browser.window import OUTAGE

pytestmark = pytest.mark.apart

LOBBY = "/chat/lobby/"


def until_same(site, windows, *bodies):
    """Waits until every window shows what the log has, and the log has exactly these."""
    for window in windows:
        window.until(
            lambda window=window: (
                sorted(window.bodies()) == sorted(bodies)
                and {row["state"] for row in window.rows()} == {"sent"}
            )
        )
        window.until(lambda window=window: window.bodies() == windows[0].bodies())
    assert said(site, LOBBY) == windows[0].bodies()


@pytest.fixture
def cast(make_site, open_window):
    """A site, its two workers, and a window on each."""
    site = make_site(redis=True)
    workers = [site.worker(name) for name in ("one", "two")]
    windows = [open_window(worker.url + LOBBY, expected=OUTAGE) for worker in workers]
    for window in windows:
        window.until_state("connected")
    return site, workers, windows


def test_two_windows_on_two_workers_talk_on_while_redis_is_away(cast):
    site, _, windows = cast
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


def test_a_worker_that_is_killed_loses_nothing(cast):
    site, workers, windows = cast
    ann, bob = windows
    ann.say("before")
    bob.until_sent("before")
    workers[0].kill()
    ann.say("unsent")
    bob.say("meanwhile")
    ann.until(lambda: ann.state() == "reconnecting")
    workers[0].start()
    until_same(site, windows, "before", "unsent", "meanwhile")


def test_a_closed_lid_loses_nothing(cast):
    site, workers, windows = cast
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
