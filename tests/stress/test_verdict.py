"""The judge can find each kind of guilt."""

import pytest

from tests.stress.verdict import Visit, of_list, of_log, of_visit


def say(seq, body="b", **fields):
    return {"seq": seq, "kind": "say", "cid": f"c-{seq}", "at": f"t{seq}", "body": body, **fields}


EDIT = {"seq": 3, "kind": "edit", "cid": "c-3", "at": "t3", "body": "new", "ref": 1}
DELETE = {"seq": 4, "kind": "delete", "cid": "c-4", "at": "t4", "body": "", "ref": 2}
# As the database has it in the end, and as it came.
LOG = [say(1, "new", edited_at="t3"), say(2, "", deleted=True), EDIT, DELETE, say(5)]
CAME = [say(1), say(2), EDIT, DELETE, say(5)]
SENT = {f"c-{seq}": float(seq) for seq in range(1, 6)}


def found(differences):
    return len(list(differences))


# ---- The log -------------------------------------------------------------------------


def test_a_log_that_has_what_was_acknowledged():
    assert found(of_log(LOG, SENT, {"c-1": 1, "c-5": 5})) == 0


@pytest.mark.parametrize(
    ("log", "sent", "acks"),
    [
        ([say(1), say(3)], SENT, {}),  # a hole
        ([say(1), say(2) | {"cid": "c-1"}], SENT, {}),  # a cid twice
        ([say(1), say(2)], {"c-1": 1.0}, {}),  # never sent
        ([say(1)], SENT, {"c-2": 2}),  # acknowledged and lost
        ([say(1), say(2)], SENT, {"c-1": 2}),  # acknowledged elsewhere
    ],
)
def test_a_log_that_has_not(log, sent, acks):
    assert found(of_log(log, sent, acks)) >= 1


# ---- Readers with a cursor -----------------------------------------------------------


@pytest.mark.parametrize("had", [CAME, LOG, [*LOG[:2], *CAME[2:]]])
def test_a_list_that_equals_the_log(had):
    assert found(of_list(had, LOG)) == 0


@pytest.mark.parametrize(
    "had",
    [
        CAME[:-1],  # the last is lost
        CAME[1:],  # the first
        [*CAME[:2], *CAME[3:]],  # one between
        [*CAME[:2], *CAME[1:]],  # one is doubled
        [CAME[1], CAME[0], *CAME[2:]],  # out of order
        [
            CAME[0] | {"body": "other"},
            CAME[1],
            EDIT | {"body": "other"},
            *CAME[3:],
        ],  # shown wrong
        [*CAME[:4], say(5, "other")],
        [],
    ],
)
def test_a_list_that_does_not(had):
    assert found(of_list(had, LOG)) == 1


# ---- The plain-text socket -----------------------------------------------------------

TALK = [say(1), say(2, "", deleted=True), EDIT, say(4), say(5), say(6)]
WHEN = {f"c-{seq}": float(seq) for seq in range(1, 7)}


@pytest.mark.parametrize(
    ("opened", "cids", "last"),
    [
        (0.5, ["c-1", "c-2", "c-4", "c-5", "c-6"], True),
        (0.5, ["c-1", "c-4", "c-5", "c-6"], True),  # without what was deleted
        (0.5, ["c-1", "c-4"], False),  # cut before the others
        (4.5, ["c-4", "c-5"], False),  # with one that was sent before it was open
        (5.5, [], False),
        (9.0, [], True),
    ],
)
def test_a_visit_that_was_told_everything(opened, cids, last):
    assert found(of_visit(Visit(opened, cids), TALK, WHEN, last=last)) == 0


@pytest.mark.parametrize(
    ("opened", "cids", "last"),
    [
        (0.5, ["c-1", "c-5"], False),  # one is missing between
        (0.5, ["c-4", "c-5"], False),  # the first that was sent after it was open
        (0.5, ["c-1", "c-4", "c-4"], False),  # doubled
        (0.5, ["c-4", "c-1"], False),  # out of order
        (0.5, ["c-9"], False),  # unheard of
        (4.5, ["c-5"], True),  # the end
        (5.5, [], True),
    ],
)
def test_a_visit_that_was_not(opened, cids, last):
    assert found(of_visit(Visit(opened, cids), TALK, WHEN, last=last)) == 1
