"""The page that shows staff the state of workers, rooms and people, live."""

import pytest
from django.contrib.admin.models import LogEntry

from tests.browser.conftest import stored_bodies
from tests.browser.window import OUTAGE
from tests.hosted import HostedSite

LOBBY = "/chat/lobby/"
LIVE = "/admin/live/"
TABLE = """
return Array.from(document.querySelectorAll(`#${arguments[0]} tr`), (row) =>
  Object.fromEntries(Array.from(row.cells, (cell) => [cell.dataset.label, cell.textContent])));
"""
# Records the states of the connection of a room's page.
STATES = """
window.states = [];
const state = document.querySelector("#state");
new MutationObserver(() => states.push(state.dataset.state)).observe(state, { attributes: true });
"""


def watch(window, worker, boss=("boss", "b")):
    """Opens the live page as staff."""
    window.log_in(worker.url, *boss)
    window.open(worker.url + LIVE).until_state("live")
    return window


def rows(window, table):
    return window.run(TABLE, table)


def lobby(window):
    return next(row for row in rows(window, "rooms") if row["Room"].startswith("Lobby"))


@pytest.fixture
def two_workers(make_site, open_window):
    """A site, its two workers, the window of a person on each, and the live page of a superuser."""
    site = make_site(redis=True)
    site.make_user("boss", "b", is_staff=True, is_superuser=True)
    workers = [site.worker(name) for name in ("one", "two")]
    people = [open_window(worker.url + LOBBY, expected=OUTAGE) for worker in workers]
    for window in people:
        window.until_state("connected")
    return site, workers, people, watch(open_window(workers[0].url, OUTAGE), workers[0])


def test_the_live_page_shows_changes_on_every_worker_without_a_reload(two_workers):
    _, workers, (ann, bob), boss = two_workers
    boss.run("window.loadedOnce = true")
    boss.until(lambda: [row["Sockets"] for row in rows(boss, "workers")] == ["1\u00a0JSON"] * 2)
    boss.until(lambda: lobby(boss)["Readers"] == "2\u00a0JSON")
    assert lobby(boss)["Head"] == "0"
    ann.say("one")
    bob.say("two")
    boss.until(lambda: (lobby(boss)["Head"], lobby(boss)["Entries/min"]) == ("2", "2"))
    boss.until(lambda: any("ms" in row["Delay p50 · p99"] for row in rows(boss, "workers")))
    boss.click("#rooms summary")
    boss.until(lambda: {ann.text("#nick"), bob.text("#nick")} == names(boss))
    bob.open(f"{workers[1].url}/login/")
    boss.until(lambda: {ann.text("#nick")} == names(boss))
    assert boss.run("return document.querySelector('#rooms details').open")
    workers[1].kill()
    boss.until(lambda: len(rows(boss, "workers")) == 1)
    assert boss.run("return window.loadedOnce")


def names(window):
    script = (
        "return Array.from(document.querySelectorAll('#rooms li'), (item) => item.firstChild.data)"
    )
    return set(window.run(script))


def test_clients_reconnect_after_their_connections_are_closed_and_lose_nothing(two_workers):
    site, _, people, boss = two_workers
    ann, bob = people
    ann.say("before")
    bob.until_sent("before")
    for window in people:
        window.run(STATES)
    boss.until(lambda: lobby(boss)["Readers"] == "2\u00a0JSON")
    boss.click("#rooms .close-button button")
    boss.until(lambda: "Close 2?" in lobby(boss)["Connections"])
    boss.click("#rooms .question .button")
    ann.say("while they are away")
    for window in people:
        window.until(lambda window=window: "reconnecting" in window.run("return states"))
        window.until_state("connected")
    boss.until(lambda: boss.text("#result").startswith("The connections of Lobby were closed"))
    bob.say("after")
    for window in people:
        window.until_sent("before", "while they are away", "after")
    assert stored_bodies(site, LOBBY) == ["before", "while they are away", "after"]
    change = site.query(lambda: LogEntry.objects.get().get_change_message())
    assert change == "Closed its connections."


def test_a_close_that_is_not_confirmed_closes_nothing(open_window, worker, boss, path):
    person = open_window(worker.url + path)
    person.until_state("connected")
    person.run(STATES)
    window = watch(open_window(worker.url), worker, boss)
    row = "#rooms tr:first-child"
    window.until(lambda: window.find(f"{row} .close-button button").is_enabled())
    window.click(f"{row} .close-button button")
    window.until(lambda: window.run("return document.activeElement.textContent") == "Keep")
    window.press("\ue00c")  # Escape
    window.until(lambda: window.find(f"{row} .close-button button").is_displayed())
    assert window.text("#result") == ""
    assert person.run("return states") == []


def test_the_live_page_reconnects_after_its_worker_was_killed(two_workers):
    _, (one, _), _, boss = two_workers
    one.kill()
    boss.until_state("reconnecting")
    one.start()
    boss.until_state("live")
    boss.until(lambda: len(rows(boss, "workers")) == 2)


def test_the_live_page_notices_that_its_worker_hangs(two_workers):
    _, (one, _), _, boss = two_workers
    one.pause()
    boss.until_state("reconnecting")
    one.resume()
    boss.until_state("live")


def test_the_live_page_ends_after_a_logout(open_window, worker, boss):
    window = watch(open_window(worker.url, expected=("403",)), worker, boss)
    first = window.open_tab(f"{worker.url}/")
    window.click(".who button")
    window.switch_to(first)
    window.until_state("ended")


def test_the_live_page_is_refused_to_a_user_who_is_not_staff(open_window, site, worker):
    site.make_user("customer", "c")
    window = open_window(f"{worker.url}/login/")
    window.fill("#id_username", "customer")
    window.fill("#id_password", "c")
    window.click("main button")
    window.until(lambda: window.find(".who .name").text == "customer")
    window.open(worker.url + LIVE)
    assert "not authorized to access this page" in window.text("body")
    assert window.run("return document.querySelector('#dashboard')") is None


def test_names_with_markup_stay_text_on_the_live_page(open_window, make_room, worker, boss):
    name = "<img src=x onerror=xss=1>"
    room = make_room(name=name)
    person = open_window(worker.url + room)
    person.click("#change")
    person.fill("#nickname", name)
    person.click("#rename button")
    person.until(lambda: person.text("#nick") == name)
    person.until_state("connected")
    window = watch(open_window(worker.url), worker, boss)
    window.until(lambda: any(row["Room"].startswith(name) for row in rows(window, "rooms")))
    window.until(lambda: name in names(window))
    assert window.run("return document.querySelectorAll('#dashboard img').length") == 0
    assert window.run("return window.xss") is None


@pytest.mark.parametrize("width", [390, 1024, 1280])
def test_the_live_page_is_not_wider_than_the_window(open_window, worker, boss, width):
    window = watch(open_window(worker.url), worker, boss)
    phone = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    window.cdp("Emulation.setDeviceMetricsOverride", **phone)
    widths = "[document.documentElement, ...document.querySelectorAll('#dashboard .module')]"
    assert window.run(f"return {widths}.every((part) => part.scrollWidth <= part.clientWidth)")


@pytest.fixture
def hosted(tmp_path):
    site = HostedSite(tmp_path)
    site.make_user("boss", "b", is_staff=True, is_superuser=True)
    yield site
    site.close()


def test_the_live_page_reconnects_through_nginx_after_a_reload_of_the_site(hosted, open_window):
    boss = watch(open_window(hosted.front.url, OUTAGE), hosted.front)
    boss.until(lambda: len(rows(boss, "workers")) == 2)
    before = ids(boss)
    hosted.front.reload()
    boss.until(lambda: len(rows(boss, "workers")) == 2 and not before & ids(boss))
    boss.until_state("live")


def ids(window):
    script = "return Array.from(document.querySelectorAll('#workers code'), (id) => id.textContent)"
    return set(window.run(script))
