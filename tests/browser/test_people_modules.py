"""The pure modules about people and what they change, with literals and a clock of the test."""

import json


def entry(seq, author="u-1", **fields):
    author = {"key": author, "name": author}
    return {"seq": seq, "kind": "say", "body": f"b{seq}", "author": author, "at": "then", **fields}


def test_changes_lie_over_their_entry_until_the_log_has_come_to_them(call):
    edit = {"cid": "c1", "type": "edit", "ref": 1, "body": "new"}
    _, saving, other, _, sure, early, still, reached, after = call(
        "chat/state/pending_changes.js",
        "Changes",
        [],
        ["add", edit],
        ["over", entry(1)],
        ["over", entry(2)],
        ["acknowledge", "c1", 7],
        ["over", entry(1)],
        ["reached", 6],
        ["over", entry(1)],
        ["reached", 7],
        ["over", entry(1)],
    )
    assert (saving["body"], saving["saving"]) == ("new", True)
    assert other == entry(2)
    assert (sure["body"], "saving" in sure) == ("new", False)
    assert (early, still["body"], reached, after) == ([], "new", [1], entry(1))


def test_a_refused_change_leaves_the_entry_as_it_was_and_says_why(call):
    delete = {"cid": "c1", "type": "delete", "ref": 1}
    _, deleted, _, refused, _, gone, _, after = call(
        "chat/state/pending_changes.js",
        "Changes",
        [],
        ["add", delete],
        ["over", entry(1)],
        ["refuse", "c1", "forbidden"],
        ["over", entry(1)],
        ["refuse", "unknown", "forbidden"],
        ["over", entry(1, deleted=True)],
        ["drop", "c1"],
        ["over", entry(1)],
    )
    assert (deleted["body"], deleted["deleted"], deleted["saving"]) == ("", True, True)
    assert refused == entry(1, change={"cid": "c1", "code": "forbidden"})
    assert (gone, after) == (entry(1, deleted=True), entry(1))


def test_who_types_is_named_for_five_seconds_or_until_they_spoke(call):
    ann, bob = {"key": "u-1", "name": "Ann"}, {"key": "u-2", "name": "Bob"}
    _, _, both, ends, _, later, _, spoken, nobody = call(
        "chat/state/typing_tracker.js",
        "Typists",
        [],
        ["heard", ann, 0],
        ["heard", bob, 1_000],
        ["names", 1_000],
        ["ends"],
        ["heard", ann, 4_000],
        ["names", 6_000],
        ["spoke", "u-1"],
        ["names", 6_000],
        ["ends"],
    )
    assert (both, ends, later, spoken, nobody) == (["Ann", "Bob"], 5_000, ["Ann"], [], None)


def test_typing_is_said_every_three_seconds_and_anew_after_a_message(call):
    due = call(
        "chat/state/typing_tracker.js",
        "TypingPace",
        [],
        ["due", 0],
        ["due", 2_999],
        ["due", 3_000],
        ["ended"],
        ["due", 3_001],
    )
    assert due == [True, False, True, None, True]


READ_MARKER = """
const [done] = arguments;
import("/static/chat/state/read_position.js").then(({ ReadMarker, unread, tally }) => {
  const marker = new ReadMarker(), told = [], seen = [];
  const tell = (now, arrives = true) =>
    marker.tell(now, (seq) => (arrives && told.push(seq), arrives));
  marker.begin(8), seen.push(marker.read, marker.wait(0));
  marker.told(5), seen.push(marker.read, marker.wait(0));
  marker.see(7), marker.see(6), seen.push(marker.read, marker.wait(0));
  tell(0, false), seen.push(marker.wait(0)), tell(0), seen.push(marker.wait(0));
  marker.see(9), seen.push(marker.wait(500)), tell(2_000);
  marker.told(9), seen.push(marker.wait(2_000)), marker.told(7), seen.push(marker.wait(4_000));
  const of = (seq) => ({ seq, author: { key: seq === 3 ? "me" : "you" }, deleted: seq === 4 });
  const others = unread([1, 2, 3, 4].map(of), 1, "me");
  done(JSON.stringify([seen, told, others.map(({ seq }) => seq), [0, 99, 100].map(tally)]));
});
"""


def test_a_read_marker_tells_only_what_grew_and_not_too_often(open_window, worker):
    window = open_window(f"{worker.url}/login/")
    seen, told, unread, tallies = json.loads(window.driver.execute_async_script(READ_MARKER))
    assert seen[:2] == [8, None]  # never here before: nothing missed, and nothing read
    assert seen[2:6] == [5, None, 7, 0]
    assert seen[6:8] == [0, None]  # what did not leave is still to be told
    assert seen[8] == 1_500
    assert seen[9:] == [None, 0]  # the server knows less than a broken line was told
    assert told == [7, 9]
    assert (unread, tallies) == ([2], ["0", "99", "99+"])


QUOTES = """
const [done] = arguments;
import("/static/chat/state/quoted_messages.js").then(async ({ Quotes }) => {
  const log = new Map([[5, { seq: 5, body: "five" }]]), asked = [], arrived = [], seen = [];
  const fetch = async (seq) => {
    asked.push(seq);
    if (asked.length === 1) throw new Error("offline");
    return seq === 2 ? null : { seq, body: "old" };
  };
  const inLog = (seq) => log.get(seq);
  const asItIs = (entry) => ({ ...entry, body: `${entry.body} now` });
  const quotes = new Quotes({ inLog, asItIs, fetch, arrived: (seq) => arrived.push(seq) });
  const settled = () => new Promise((resolve) => setTimeout(resolve));
  seen.push(quotes.of(5)?.body, quotes.of(1) === undefined), await settled();
  quotes.again(), await settled(), quotes.of(2), quotes.of(2), await settled();
  seen.push(quotes.of(1).body, quotes.of(2));
  log.delete(5);
  quotes.fold({ kind: "edit", ref: 5, body: "5!" }), quotes.fold({ kind: "delete", ref: 1 });
  seen.push(quotes.of(5).body, quotes.of(1).deleted);
  done(JSON.stringify([seen, asked, arrived]));
});
"""


def test_quotes_are_fetched_once_and_follow_what_leaves_the_log(open_window, worker):
    window = open_window(f"{worker.url}/login/")
    seen, asked, arrived = json.loads(window.driver.execute_async_script(QUOTES))
    assert seen == ["five", True, "old now", None, "5!", True]
    assert (asked, arrived) == ([1, 1, 2], [1, 2])
