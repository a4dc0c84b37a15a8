"""The comparison with the log finds each kind of error, and accepts correct lists."""

import pytest

from tests.stress.comparison import (
    AckRead,
    ReceivedLines,
    entry_differences,
    head_differences,
    line_differences,
    log_differences,
    order_differences,
    read_differences,
)


def say(seq, body="b", **fields):
    return {"seq": seq, "kind": "say", "cid": f"c-{seq}", "at": f"t{seq}", "body": body, **fields}


EDIT = {"seq": 3, "kind": "edit", "cid": "c-3", "at": "t3", "body": "new", "ref": 1}
DELETE = {"seq": 4, "kind": "delete", "cid": "c-4", "at": "t4", "body": "", "ref": 2}
# The final state in the database, and the entries as they arrived.
LOG = [say(1, "new", edited_at="t3"), say(2, "", deleted=True), EDIT, DELETE, say(5)]
CAME = [say(1), say(2), EDIT, DELETE, say(5)]
SENT = {f"c-{seq}": float(seq) for seq in range(1, 6)}


def found(differences):
    return len(list(differences))


# ---- The log -------------------------------------------------------------------------


def test_a_log_with_every_acknowledged_entry_is_correct():
    assert found(log_differences(LOG, SENT, {"c-1": 1, "c-5": 5})) == 0


@pytest.mark.parametrize(
    ("log", "sent", "acks"),
    [
        ([say(1), say(3)], SENT, {}),  # an entry is missing
        ([say(1), say(2) | {"cid": "c-1"}], SENT, {}),  # a cid twice
        ([say(1), say(2)], {"c-1": 1.0}, {}),  # never sent
        ([say(1)], SENT, {"c-2": 2}),  # acknowledged and lost
        ([say(1), say(2)], SENT, {"c-1": 2}),  # acknowledged with another seq
    ],
)
def test_a_wrong_log_is_found(log, sent, acks):
    assert found(log_differences(log, sent, acks)) >= 1


# ---- The order in real time ----------------------------------------------------------

THREE = [say(1), say(2), say(3)]


@pytest.mark.parametrize(
    ("sent", "acked"),
    [
        ({"c-1": 1.0, "c-2": 3.0, "c-3": 5.0}, {"c-1": 2.0, "c-2": 4.0, "c-3": 6.0}),
        # At the same time: any order is correct.
        ({"c-1": 3.0, "c-2": 2.0, "c-3": 1.0}, {"c-1": 4.0, "c-2": 5.0, "c-3": 6.0}),
        # The moment of the ack is that of the sending: the ack may have come later.
        ({"c-2": 1.0, "c-1": 2.0}, {"c-2": 2.0}),
        # Stored and never acknowledged; and sent and never stored.
        ({"c-1": 1.0, "c-2": 2.0, "c-3": 3.0, "c-9": 4.0}, {"c-1": 9.0}),
        ({}, {}),
    ],
)
def test_a_log_in_the_order_of_acks_and_sends_is_correct(sent, acked):
    assert found(order_differences(THREE, sent, acked)) == 0


@pytest.mark.parametrize(
    ("sent", "acked"),
    [
        # 2 was acknowledged before 1 was sent.
        ({"c-2": 1.0, "c-1": 3.0}, {"c-2": 2.0, "c-1": 4.0}),
        # The same, and 1 was stored without an ack.
        ({"c-2": 1.0, "c-1": 3.0}, {"c-2": 2.0}),
        # 3 was acknowledged before 1 was sent, and something else in between.
        ({"c-3": 1.0, "c-2": 1.5, "c-1": 4.0}, {"c-3": 2.0, "c-2": 3.0}),
        # Only the newest of those acknowledged before is too new.
        ({"c-1": 0.0, "c-3": 0.0, "c-2": 3.0}, {"c-3": 1.0, "c-1": 2.0}),
    ],
)
def test_a_log_in_another_order_than_acks_and_sends_is_found(sent, acked):
    assert found(order_differences(THREE, sent, acked)) == 1


def test_each_entry_that_has_too_low_a_seq_is_found():
    sent = {"c-3": 0.0, "c-1": 2.0, "c-2": 2.0}
    assert found(order_differences(THREE, sent, {"c-3": 1.0})) == 2


@pytest.mark.parametrize("read", [AckRead("c-2", 2, 2, [say(2)]), AckRead("c-2", 2, 7, THREE)])
def test_a_read_that_finds_an_acknowledged_entry_is_correct(read):
    assert found(read_differences([read])) == 0


@pytest.mark.parametrize(
    "read",
    [
        AckRead("c-2", 2, 2, []),
        AckRead("c-2", 2, 2, [say(1)]),
        AckRead("c-2", 2, 2, [say(2) | {"cid": "c-9"}]),  # another entry has its seq
        AckRead("c-2", 2, 1, [say(2)]),  # the head is older
    ],
)
def test_a_read_that_misses_an_acknowledged_entry_is_found(read):
    assert found(read_differences([AckRead("c-1", 1, 1, [say(1)]), read])) == 1


@pytest.mark.parametrize("heads", [[], [4], [0, 0, 3, 3, 9]])
def test_heads_that_never_go_back_are_correct(heads):
    assert found(head_differences(heads)) == 0


@pytest.mark.parametrize("heads", [[3, 2], [0, 5, 4, 6], [1, 2, 0]])
def test_a_head_that_goes_back_is_found(heads):
    assert found(head_differences(heads)) == 1


# ---- Readers with a cursor -----------------------------------------------------------


@pytest.mark.parametrize("had", [CAME, LOG, [*LOG[:2], *CAME[2:]]])
def test_a_list_that_equals_the_log_is_correct(had):
    assert found(entry_differences(had, LOG)) == 0


@pytest.mark.parametrize(
    "had",
    [
        CAME[:-1],  # the last entry is missing
        CAME[1:],  # the first entry is missing
        [*CAME[:2], *CAME[3:]],  # an entry in the middle is missing
        [*CAME[:2], *CAME[1:]],  # an entry comes twice
        [CAME[1], CAME[0], *CAME[2:]],  # out of order
        [
            CAME[0] | {"body": "other"},
            CAME[1],
            EDIT | {"body": "other"},
            *CAME[3:],
        ],  # with a wrong body
        [*CAME[:4], say(5, "other")],
        [],
    ],
)
def test_a_list_that_differs_from_the_log_is_found(had):
    assert found(entry_differences(had, LOG)) == 1


# ---- The plain-text socket -----------------------------------------------------------

TALK = [say(1), say(2, "", deleted=True), EDIT, say(4), say(5), say(6)]
WHEN = {f"c-{seq}": float(seq) for seq in range(1, 7)}


@pytest.mark.parametrize(
    ("opened", "cids", "last"),
    [
        (0.5, ["c-1", "c-2", "c-4", "c-5", "c-6"], True),
        (0.5, ["c-1", "c-4", "c-5", "c-6"], True),  # without the deleted message
        (0.5, ["c-1", "c-4"], False),  # the connection was cut before the others
        (4.5, ["c-4", "c-5"], False),  # with a message that was sent before the socket was open
        (5.5, [], False),
        (9.0, [], True),
    ],
)
def test_a_plain_text_socket_that_received_every_message_is_correct(opened, cids, last):
    assert found(line_differences(ReceivedLines(opened, cids), TALK, WHEN, last=last)) == 0


@pytest.mark.parametrize(
    ("opened", "cids", "last"),
    [
        (0.5, ["c-1", "c-5"], False),  # a message in the middle is missing
        (0.5, ["c-4", "c-5"], False),  # the first message after the opening is missing
        (0.5, ["c-1", "c-4", "c-4"], False),  # a message twice
        (0.5, ["c-4", "c-1"], False),  # out of order
        (0.5, ["c-9"], False),  # an unknown message
        (4.5, ["c-5"], True),  # the last message is missing
        (5.5, [], True),
    ],
)
def test_a_plain_text_socket_with_wrong_messages_is_found(opened, cids, last):
    assert found(line_differences(ReceivedLines(opened, cids), TALK, WHEN, last=last)) == 1
