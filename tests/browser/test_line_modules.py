"""The pure modules under the chat page's line and outbox, with literals."""

import pytest

EVALUATE = """
const [path, body, done] = arguments;
const run = (module) => done(new Function("module", body)(module));
import(path).then(run).catch((error) => done(String(error)));
"""


@pytest.fixture
def evaluate(open_window, worker):
    """Runs a function's body that sees a module, and returns what it returns."""
    window = open_window(f"{worker.url}/login/")
    return lambda path, body: window.driver.execute_async_script(
        EVALUATE, f"/static/chat/{path}", body
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
    assert evaluate("chooser.js", turns) == [
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
    assert evaluate("chooser.js", seen) == [*["socket"] * 5, "stream", ["socket"], "socket", []]


def test_a_better_tap_is_tried_soon_then_ever_later_and_soon_again_once_it_has_stood(evaluate):
    waits = """
    const chooser = new module.Chooser(() => 1);
    const waits = Array.from({ length: 6 }, () => chooser.trialIn());
    chooser.opened("socket", 0), chooser.lost(10_000);
    waits.push(chooser.trialIn(), new module.Chooser(() => 0).trialIn());
    return waits;
    """
    first = [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]
    assert evaluate("chooser.js", waits) == [*first, 5_000, 2_500]


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
    assert evaluate("answers.js", frames) == [
        *("e:1:5", 1, [], {"r": 9}),
        *(4403, 4404, {"code": None, "floor": 5}, {"code": None, "floor": None}),
        *("ack", "too_long", "internal", "internal"),
    ]
