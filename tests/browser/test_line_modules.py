"""The pure modules under the chat page's line and outbox, with literals."""

import pytest

# The body is a part of the script itself: the page's policy lets nothing evaluate a string.
EVALUATE = """
const [path, done] = arguments;
import(path).then((module) => { %s }).then(done, (error) => done(String(error)));
"""


@pytest.fixture
def evaluate(open_window, worker):
    """Runs a function's body that sees a module, and returns what it returns."""
    window = open_window(f"{worker.url}/login/")
    return lambda path, body: window.driver.execute_async_script(
        EVALUATE % body, f"/static/chat/{path}"
    )


# ---- Taps ----


def test_the_next_tap_has_its_turn_after_three_openings_that_failed(evaluate):
    turns = """
    const chooser = new module.Chooser(() => 1);
    const turns = [];
    const lose = (now) => (turns.push(chooser.tap), chooser.lost(now));
    for (let n = 0; n < 10; n += 1) lose(n);
    return turns;
    """
    assert evaluate("net/transport_selector.js", turns) == [
        *["socket"] * 3,
        *["stream"] * 3,
        *["poll"] * 3,
        "socket",
    ]


def test_a_tap_that_stood_has_not_failed_and_one_that_fell_at_once_has(evaluate):
    seen = """
    const chooser = new module.Chooser(() => 1);
    const seen = [];
    const open = (from, to) => {
      chooser.opened(chooser.tap, from);
      chooser.lost(to);
      seen.push(chooser.tap);
    };
    open(0, 9_999), open(10_000, 19_999), open(20_000, 30_000);
    open(40_000, 41_000), open(50_000, 51_000), open(60_000, 61_000);
    seen.push(chooser.better);
    chooser.opened("socket", 70_000);
    seen.push(chooser.tap, chooser.better);
    return seen;
    """
    assert evaluate("net/transport_selector.js", seen) == [
        *["socket"] * 5,
        "stream",
        ["socket"],
        "socket",
        [],
    ]


def test_a_better_tap_is_tried_soon_then_ever_later_and_soon_again_once_it_has_stood(evaluate):
    waits = """
    const chooser = new module.Chooser(() => 1);
    const waits = Array.from({ length: 6 }, () => chooser.trialIn());
    chooser.opened("socket", 0), chooser.lost(10_000);
    waits.push(chooser.trialIn(), new module.Chooser(() => 0).trialIn());
    return waits;
    """
    first = [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]
    assert evaluate("net/transport_selector.js", waits) == [*first, 5_000, 2_500]


def test_answers_over_http_become_the_frames_of_a_socket(evaluate):
    frames = """
    const { joined, news, heads, loss, answer } = module;
    const events = [{ seq: 6 }, { seq: 7 }];
    const body = { epoch: "e:1", cursor: "e:1:7", head: 9, reset: true, events };
    const command = { type: "say", cid: "c" };
    return [
      joined("r", body).cursor, news("r", body).length, news("r", { ...body, events: [] }),
      heads("r", body).heads, loss(403, null).code, loss(410, {}).code,
      loss(503, { retry_after_ms: 5 }), loss(0, null),
      answer("r", command, { type: "ack", cid: "c" }).type,
      answer("r", command, { type: "error", cid: "c", code: "too_long" }).code,
      answer("r", command, { type: "error", code: "forbidden" }).code,
      answer("r", command, null).code,
    ];
    """
    assert evaluate("net/http_frames.js", frames) == [
        *("e:1:5", 1, [], {"r": 9}),
        *(4403, 4404, {"code": None, "floor": 5}, {"code": None, "floor": None}),
        *("ack", "too_long", "internal", "internal"),
    ]


# ---- What outlives the page ----


def test_an_item_is_read_as_it_was_kept_and_nothing_else_is(evaluate):
    read = """
    const { keyOf, toItem, toText } = module;
    const key = keyOf({ time: 5, cid: "c" });
    const item = { key, cid: "c", type: "say", body: "b", at: "2026-01-01T00:00:00Z" };
    const spoiled = [{ version: 0 }, { cid: "<" }, { type: "join" }, { body: 1 },
      { reply_to: -1 }, { at: "x" }, { type: "edit" }, { type: "delete", ref: 1.5 },
      { key: "other" }, { type: "toString" }];
    return [
      key < keyOf({ time: 40, cid: "a" }),
      JSON.stringify(toItem(key, toText(item))) === JSON.stringify(item),
      toItem(key, toText({ ...item, type: "edit", ref: 3, refused: "too_long" })).refused,
      ["", "{", "null", "[]", "7"].map((text) => toItem(key, text)),
      spoiled.map((wrong) => toItem(key, toText({ ...item, ...wrong }))),
    ];
    """
    assert evaluate("state/outbox_item.js", read) == [
        *[True] * 2,
        "too_long",
        [None] * 5,
        [None] * 10,
    ]


def test_an_outbox_follows_what_other_tabs_and_earlier_pages_did(evaluate):
    seen = """
    const kept = new Map();
    const store = {
      load: () => [...kept.values()],
      save: (item) => kept.set(item.key, item),
      remove: ({ key }) => kept.delete(key),
    };
    let count = 0;
    let now = 100;
    const outbox = () => new module.Outbox(() => `c${++count}`, store, () => now--);
    const first = outbox();
    for (const body of "abc") first.add({ type: "say", body });
    first.refuse("c2", "too_long");
    const second = outbox();
    const seen = [second.items.map(({ cid, refused = null }) => [cid, refused]), second.next().cid];
    second.removed(first.settle("c1").key);
    seen.push(second.next().cid, second.unsent, kept.size);
    second.put({ ...second.items[1], refused: "forbidden" });
    seen.push(second.next(), second.retry("c2").cid, second.next().cid);
    seen.push(module.commandOf(second.items[1]).body);
    return seen;
    """
    assert evaluate("state/outbox.js", seen) == [
        *([["c1", None], ["c2", "too_long"], ["c3", None]], "c1"),
        *("c3", 2, 2, None, "c2", "c2", "b"),
    ]


def test_figures_count_what_came_what_was_doubled_and_what_was_mended(evaluate):
    seen = """
    const figures = new module.Figures();
    const none = { voided: false, gap: null };
    const seen = () => [figures.head, figures.received, figures.doubles, figures.mended];
    figures.joined({ head: 2 }, null, none), figures.events({ taken: 2, doubles: 0 }, 2);
    const fresh = seen();
    figures.joined({ head: 5 }, 2, none), figures.events({ taken: 2, doubles: 1 }, 4);
    const half = seen();
    figures.events({ taken: 1, doubles: 0 }, 5);
    const mended = seen();
    figures.joined({ head: 900 }, 5, { voided: false, gap: { after: 5 } });
    figures.events({ taken: 50, doubles: 0 }, 900);
    const parted = seen();
    figures.page({ added: [1, 2], closed: null }), figures.page({ added: [], closed: {} });
    return [fresh, half, mended, parted, seen()];
    """
    assert evaluate("state/connection_stats.js", seen) == [
        *([2, 2, 0, 0], [5, 4, 1, 0], [5, 5, 1, 1]),
        *([900, 55, 1, 1], [900, 57, 1, 2]),
    ]
