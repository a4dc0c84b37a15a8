import json

from selenium.webdriver.common.by import By

STREAM_ADMIN = "/admin/streaming/streamtext/"


def test_a_message_deleted_in_the_admin_disappears_from_an_open_window(
    worker, boss, open_window, make_room
):
    window = open_window(worker.url + make_room(name="Deletions"))
    window.until_state("connected")
    for body in ["stays", "goes"]:
        window.say(body)
    window.until_sent("stays", "goes")

    admin = open_window(worker.url)
    admin.log_in(worker.url, *boss)
    admin.open(f"{worker.url}/admin/chat/entry/?q=goes")
    admin.click("#action-toggle")
    admin.choose("[name=action]", "delete_through_log")
    admin.click("[name=index]")
    admin.until(lambda: "1 message was deleted." in admin.text("body"))

    window.until_bodies("stays", "message deleted")
    assert [row["state"] for row in window.rows()] == ["sent", "deleted"]
    window.driver.refresh()
    window.until_bodies("stays", "message deleted")


def test_a_text_edited_in_the_admin_is_streamed_with_its_changes(
    worker, boss, open_window, make_text
):
    path = make_text("before", title="Edited")
    slug = path.split("=")[1]
    stream = open_window(worker.url + path)
    stream.click("#start")
    stream.until(lambda: stream.text("#output") == "before")
    stream.until_state("done")

    admin = open_window(worker.url)
    admin.log_in(worker.url, *boss)
    admin.open(f"{worker.url}{STREAM_ADMIN}?q={slug}")
    admin.click("#result_list tbody th a")
    admin.fill("#id_body", " after 改了\nline")
    admin.fill("#id_event_name", "token")
    admin.fill("#id_interval_ms", "7")
    admin.click("[name=_continue]")
    admin.until(lambda: "was changed successfully" in admin.text("body"))

    stream.click("#raw summary")
    stream.click("#start")  # the page was loaded before the event had this name
    stream.until(lambda: stream.text("#output") == " after 改了\nline")
    stream.until_state("done")
    raw_events = stream.raw_events()
    assert [event for _, event, _ in raw_events[1:-1]] == ["token"] * 14
    assert json.loads(raw_events[0][2])["interval_ms"] == 7

    admin.driver.find_element(By.LINK_TEXT, "Watch it stream").click()
    admin.until(lambda: len(admin.other_tabs()) == 1)
    admin.switch_to(admin.other_tabs()[0])
    admin.until(lambda: admin.run("return document.querySelector('#text')?.value") == slug)
    admin.click("#start")
    admin.until(lambda: admin.text("#output") == " after 改了\nline")
