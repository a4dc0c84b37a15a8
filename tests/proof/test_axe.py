"""axe-core, the accessibility rules of Deque, on every page and in every state of a page."""

import json

import pytest
from selenium.webdriver import Keys

from tests.browser.restarting import RestartingSite
from tests.browser.window import OUTAGE
from tests.proof.axe import SOURCE, WIDTHS, Audit
from tests.servers import Worker

AXE = json.loads((SOURCE.parent / "package.json").read_text())["version"]
PASSWORD = "a"
CAST = f"""
from chat.models import Room
Room.objects.create(slug="talk", name="Talk", topic="What people say")
Room.objects.create(slug="empty", name="Empty")
Room.objects.create(slug="private", name="Private", is_public=False)
StreamText.objects.create(slug="slow", title="Slow", body="slow " * 9, interval_ms=10_000)
StreamText.objects.create(slug="fast", title="Fast", body="fast", interval_ms=1)
User.objects.create_superuser("boss", password={PASSWORD!r})
User.objects.create_user("alice", password={PASSWORD!r})
"""
# axe inserts style sheets into the page, which the policy forbids and the console reports.
EXPECTED = (*OUTAGE, "Failed to load resource", "Applying inline style violates")
WORDS = "A message with a link https://example.org/ and words 文字 👋🏽"


@pytest.fixture
def site(make_site):
    made = make_site(redis=True)
    made.shell(CAST)
    return made


@pytest.fixture
def worker(site):
    return site.worker()


@pytest.fixture
def worker_without_tables(site):
    """A worker whose database has no tables."""
    worker = Worker(site, "broken", site.server)
    url = f"sqlite:///{site.folder / 'empty.sqlite3'}"
    worker.environment = site.environment | {"DATABASE_URL": url}
    site.processes.append(worker)
    return worker.start()


@pytest.fixture
def unavailable_url():
    """The address of a site whose workers restart."""
    with RestartingSite() as site:
        yield site.url


@pytest.fixture
def window(open_window, worker):
    return open_window(f"{worker.url}/", expected=EXPECTED)


@pytest.fixture
def other(open_window, worker):
    """Another person, in the room that is tested."""
    window = open_window(f"{worker.url}/chat/talk/", expected=EXPECTED)
    window.until_state("connected")
    return window


@pytest.mark.timeout(900)
def test_no_page_violates_a_rule(
    window, other, worker, worker_without_tables, unavailable_url, record_result
):
    audit = Audit()
    check_pages(audit, window, worker)
    check_errors(audit, window, worker, worker_without_tables, unavailable_url)
    check_stream(audit, window, worker)
    check_room(audit, window, other, worker)
    check_moderator(audit, window, worker)
    check_admin(audit, window, worker)
    assert audit.found == {}, audit.report()
    subject = f"accessibility of {len(audit.states)} pages and states"
    result = f"0 violations in light and dark at {' and '.join(map(str, WIDTHS))} px"
    record_result(subject, f"axe-core {AXE}, its default rules", result)


def check_pages(audit, window, worker):
    for path in ["/", "/stream/", "/chat/", "/login/"]:
        window.open(worker.url + path)
        audit.check(window, path)
    window.fill("#id_username", "alice")
    window.fill("#id_password", "wrong")
    window.press(Keys.ENTER)
    window.until(lambda: window.run("return document.querySelector('.error') !== null"))
    audit.check(window, "login refused")


def check_errors(audit, window, worker, worker_without_tables, unavailable_url):
    for path, code in [("/nowhere/", "404"), ("/chat/private/", "403")]:
        window.open(worker.url + path)
        assert window.text(".eyebrow") == code
        audit.check(window, code)
    window.open(unavailable_url)
    assert window.text("h1") == "Back in a moment"
    audit.check(window, "the page while no worker runs")
    window.open(f"{worker_without_tables.url}/chat/")
    assert window.text(".eyebrow") == "500"
    audit.check(window, "500")
    window.open(f"{worker.url}/login/")
    window.run("document.querySelector('[name=csrfmiddlewaretoken]').value = 'forged'")
    window.fill("#id_username", "alice")
    window.fill("#id_password", "wrong")
    window.press(Keys.ENTER)
    window.until(lambda: window.run("return document.querySelector('#id_username') === null"))
    audit.check(window, "refused form")


def check_stream(audit, window, worker):
    window.open(f"{worker.url}/stream/?text=slow")
    window.click("#start")
    window.until_state("streaming")
    window.click("#raw summary")
    audit.check(window, "streaming")
    window.click("#stop")
    window.until_state("stopped")
    audit.check(window, "stream stopped")
    window.open(f"{worker.url}/stream/?text=fast")
    window.click("#start")
    window.until_state("done")
    audit.check(window, "stream done")


def check_room(audit, window, other, worker):
    window.open(f"{worker.url}/chat/empty/").until_state("connected")
    audit.check(window, "empty room")
    window.open(f"{worker.url}/chat/talk/").until_state("connected")
    window.click("#change")
    audit.check(window, "changing the name")
    window.click("#cancel")
    for body in ("keep", "change", "drop", WORDS):
        window.say(body)
    window.until_sent("keep", "change", "drop", WORDS)
    window.edit_message("change", "changed")
    window.until_bodies("keep", "changed", "drop", WORDS)
    window.click_actions("drop", "Delete")
    audit.check(window, "asking before a deletion")
    window.click_actions("drop", "Delete")
    window.until_bodies("keep", "changed", "message deleted", WORDS)
    other.click_actions("keep", "Reply")
    other.say("an answer")
    window.until(lambda: window.bodies()[-1] == "an answer")
    window.point_at("keep")
    audit.check(window, "room of a guest, with messages")
    window.click_actions("keep", "Reply")
    audit.check(window, "replying")
    window.click("#compose-cancel")
    window.click_actions("keep", "Edit")
    audit.check(window, "editing")
    window.click("#compose-cancel")
    window.run("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    audit.check(window, "room with all details open")
    other.find("#body").send_keys("typing")
    window.until(lambda: "typing" in window.text("#typing"))
    audit.check(window, "someone is typing")
    window.fill("#body", "x" * 3_990)
    audit.check(window, "a message near the limit")
    window.fill("#body", "")
    window.click("#cut")
    audit.check(window, "cut for five seconds")
    window.until_state("connected")
    set_offline(window, True)
    window.click("#cut")
    window.say("not sent yet")
    window.until_state("offline")
    audit.check(window, "offline, with an unsent message")
    set_offline(window, False)
    window.until_state("connected")


def set_offline(window, offline):
    """Takes the browser's network away. A WebSocket that is open stays open."""
    window.cdp("Network.enable")
    unlimited = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    window.cdp("Network.emulateNetworkConditions", offline=offline, **unlimited)


def check_moderator(audit, window, worker):
    for name in ("alice", "boss"):
        window.driver.delete_all_cookies()
        window.open(f"{worker.url}/login/")
        window.fill("#id_username", name)
        window.fill("#id_password", PASSWORD)
        window.press(Keys.ENTER)
        window.until(lambda: window.run("return !document.querySelector('#id_password')"))
        window.open(f"{worker.url}/chat/")
        audit.check(window, f"rooms of {name}")
        window.open(f"{worker.url}/chat/talk/").until_state("connected")
        window.until(lambda: len(window.bodies()) > 4)
        window.point_at("keep")
        audit.check(window, f"room of {name}")


def check_admin(audit, window, worker):
    pages = [
        *("", "live/", "password_change/"),
        *("streaming/streamtext/", "streaming/streamtext/add/", "streaming/streamtext/1/change/"),
        *("chat/room/", "chat/room/add/", "chat/room/1/change/", "chat/room/1/history/"),
        *("chat/entry/", "chat/entry/1/change/", "chat/room/2/delete/"),
    ]
    for page in pages:
        window.open(f"{worker.url}/admin/{page}")
        if page == "live/":
            window.until_state("live")
        audit.check(window, f"/admin/{page}")
    window.driver.delete_all_cookies()
    window.open(f"{worker.url}/admin/")
    audit.check(window, "/admin/login/")
