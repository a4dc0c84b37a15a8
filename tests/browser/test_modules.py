"""The pure modules of the pages, with literals: they see neither socket nor document."""

import json


def say(seq, **fields):
    return {"seq": seq, "kind": "say", "body": f"b{seq}", **fields}


def joined(cursor, head=0):
    return ["joined", {"cursor": cursor, "head": head}]


def events(*entries):
    return ["events", list(entries)]


def test_a_log_adds_what_follows_ignores_doubles_and_sees_holes(call):
    answers = call(
        "chat/state/log.js",
        "Log",
        [],
        joined("e:0"),
        events(say(1), say(2)),
        events(say(1), say(2), say(3)),
        events(say(5)),
        ["cursor"],
        events(say(4), say(5)),
        ["cursor"],
    )
    assert [entry["seq"] for entry in answers[1]["added"]] == [1, 2]
    assert [entry["seq"] for entry in answers[2]["added"]] == [3]
    assert (answers[3]["added"], answers[3]["hole"], answers[4]) == ([], True, "e:3")
    assert [entry["seq"] for entry in answers[5]["added"]] == [4, 5]
    assert answers[6] == "e:5"


def test_a_log_folds_edits_and_deletions(call):
    edit = {"seq": 2, "kind": "edit", "ref": 1, "body": "new", "at": "then"}
    delete = {"seq": 3, "kind": "delete", "ref": 1, "body": ""}
    _, _, edited, deleted, late = call(
        "chat/state/log.js",
        "Log",
        [],
        joined("e:0"),
        events(say(1)),
        events(edit),
        events(delete),
        events({**edit, "seq": 4, "body": "back"}),
    )
    assert edited["changed"] == [say(1, body="new", edited_at="then")]
    assert deleted["changed"] == [say(1, body="", edited_at="then", deleted=True)]
    assert late["changed"] == []


def test_a_log_that_was_reset_knows_its_gap_and_fills_it_with_pages(call):
    page = {"before": 8, "events": [say(5), say(6), say(7)], "more": True}
    rest = {"before": 5, "events": [say(3), say(4)], "more": True}
    answers = call(
        "chat/state/log.js",
        "Log",
        [],
        joined("e:0"),
        events(say(1), say(2)),
        joined("e:7", 9),
        events(say(8), say(9)),
        ["page", page],
        ["page", rest],
        ["entry", 2],
    )
    assert answers[2]["voided"] is False
    assert answers[2]["gap"]["after"] == 2
    assert answers[6] is None  # nobody told what became of it meanwhile
    assert [entry["seq"] for entry in answers[4]["added"]] == [5, 6, 7]
    assert answers[4]["closed"] is None
    assert answers[5]["closed"] is not None


def test_a_page_that_was_read_before_a_change_is_as_it_is_now(call):
    delete = {"seq": 9, "kind": "delete", "ref": 5, "body": "", "at": "2026-01-01T00:00:02"}
    edit = {"seq": 10, "kind": "edit", "ref": 6, "body": "new", "at": "2026-01-01T00:00:03"}
    newest = say(7, body="newest", edited_at="2026-01-01T00:00:09")
    page = {"before": 8, "events": [say(5), say(6), newest], "more": True}
    answers = call(
        "chat/state/log.js",
        "Log",
        [],
        joined("e:7", 8),
        events(say(8), delete, edit, {**edit, "seq": 11, "ref": 7}),
        ["page", page],
        ["entry", 5],
    )
    five, six, seven = answers[2]["added"]
    assert (five["body"], five["deleted"], six["body"]) == ("", True, "new")
    assert seven["body"] == "newest"  # the page had that change already, and a newer one
    assert answers[3] == five


def test_a_new_epoch_voids_what_is_held(call):
    answers = call(
        "chat/state/log.js", "Log", [], joined("e:0"), events(say(1)), joined("f:4", 9), ["cursor"]
    )
    assert answers[2]["voided"] is True
    assert answers[3] == "f:4"


NEW_CID = """
const [done] = arguments;
import("/static/chat/state/outbox.js").then(({ Outbox, isFinal }) => {
  let count = 0;
  const outbox = new Outbox(() => `c${++count}`);
  const seen = [];
  const next = () => seen.push(outbox.next()?.cid ?? null);
  for (const body of "abc") outbox.add({ type: "say", body });
  next(), next();
  outbox.again(), next();
  outbox.settle("c1"), next();
  seen.push(isFinal("rate_limited"), outbox.refuse("c2", "too_long").refused), next();
  seen.push(outbox.retry("c2").cid), outbox.settle("c3"), next();
  outbox.refuse("c2", "cid_conflict"), seen.push(outbox.retry("c2").cid);
  done(JSON.stringify(seen));
});
"""


def test_an_outbox_sends_in_order_one_at_a_time_and_again_until_it_is_settled(open_window, worker):
    window = open_window(f"{worker.url}/login/")
    seen = json.loads(window.driver.execute_async_script(NEW_CID))
    assert seen[:4] == ["c1", None, "c1", "c2"]
    assert seen[4:7] == [False, "too_long", "c3"]
    assert seen[7:9] == ["c2", "c2"]
    assert seen[9] == "c4"  # what conflicted needs a cid of its own


def test_backoff_grows_up_to_thirty_seconds_and_is_forgotten_after_ten_stable_ones(
    open_window, worker
):
    window = open_window(f"{worker.url}/login/")
    waits = window.driver.execute_async_script(
        """
        const [done] = arguments;
        import("/static/shared/backoff.js").then(({ Backoff }) => {
          const backoff = new Backoff(() => 1);
          const waits = Array.from({ length: 13 }, (_, n) => backoff.next(n));
          backoff.opened(1000), waits.push(backoff.next(10_999));
          backoff.opened(20_000), waits.push(backoff.next(30_000), backoff.next(30_001, 5_000));
          done(waits);
        });
        """
    )
    assert waits[:4] == [500, 750, 1_125, 1_687.5]
    assert waits[:11] == [500 * 1.5**n for n in range(11)]
    assert waits[11:13] == [30_000, 30_000]
    assert waits[13:] == [30_000, 500, 5_750]
