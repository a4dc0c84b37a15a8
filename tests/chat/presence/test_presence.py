from contextlib import ExitStack

from chat.identity.members import Member
from chat.presence.presence import FORGET_SECONDS, LEAVE_SECONDS, ONLINE_MOST, Presence

ANN = Member("g-1", "Ann", guest=True)
BOB = Member("u-2", "bob", guest=False)


def test_a_person_with_three_tabs_is_here_once():
    presence = Presence()
    with presence.entered(1, ANN), presence.entered(1, ANN), presence.entered(1, BOB):
        assert presence.online(1) == [ANN, BOB]
        assert presence.online(2) == []


def test_a_person_is_here_until_the_last_tab_closes():
    presence = Presence()
    with presence.entered(1, ANN):
        with presence.entered(1, ANN):
            pass
        assert presence.online(1) == [ANN]
    assert presence.online(1) == []
    assert presence.rooms == {}


def test_a_person_who_takes_another_name_is_here_once():
    presence = Presence()
    renamed = Member(ANN.key, "Anna", guest=True)
    with presence.entered(1, ANN), presence.entered(1, renamed):
        assert presence.online(1) == [renamed]


def test_of_a_crowd_some_are_named():
    presence = Presence()
    with ExitStack() as crowd:
        for number in range(300):
            crowd.enter_context(presence.entered(1, Member(f"g-{number}", "x", guest=True)))
        assert len(presence.online(1)) == ONLINE_MOST


def test_who_leaves_by_an_exception_has_left():
    presence = Presence()
    try:
        with presence.connected(ANN), presence.entered(1, ANN):
            raise RuntimeError
    except RuntimeError:
        pass
    assert len(presence) == 0
    assert (presence.rooms, presence.names) == ({}, {})


def test_a_name_is_had_by_who_is_connected():
    presence = Presence()
    with presence.connected(ANN), presence.connected(ANN):
        assert len(presence) == 2
        assert presence.has_name("ANN", except_key="g-9")
        assert not presence.has_name("Ann", except_key=ANN.key)
        assert not presence.has_name("Bob", except_key="g-9")


def test_a_name_is_had_by_who_reads_a_room_without_a_socket():
    presence = Presence()
    with presence.entered(1, ANN):
        assert presence.has_name("Ann", except_key="g-9")
        assert len(presence) == 0


# ---- The other workers ----


def test_what_one_worker_tells_the_other_knows():
    here, there = Presence(), Presence()
    with here.connected(ANN), here.entered(1, ANN), here.entered(2, BOB):
        assert there.hear("w", here.tell(), 0) == {1, 2}
    assert (there.online(1), there.online(2), there.online(3)) == ([ANN], [BOB], [])
    assert there.has_name("ann", except_key="g-9")
    assert not there.has_name("ann", except_key="g-1")
    assert there.is_elsewhere(1, "g-1")
    assert not there.is_elsewhere(1, "u-2")


def test_a_person_on_two_workers_is_here_once():
    here, there = Presence(), Presence()
    with here.entered(1, ANN), there.entered(1, ANN), here.entered(1, BOB):
        there.hear("w", here.tell(), 0)
        assert there.online(1) == [ANN, BOB]


def test_what_is_told_again_changes_no_room():
    here, there = Presence(), Presence()
    with here.entered(1, ANN):
        there.hear("w", here.tell(), 0)
        assert there.hear("w", here.tell(), 5) == set()
        with here.entered(2, BOB):
            assert there.hear("w", here.tell(), 6) == {2}
        assert there.hear("w", here.tell(), 7) == {2}
    assert there.hear("w", here.tell(), 8) == {1}
    assert there.online(1) == []


def test_the_people_of_a_worker_that_says_nothing_are_gone():
    here, there = Presence(), Presence()
    with here.entered(1, ANN):
        there.hear("killed", here.tell(), 0)
        there.hear("alive", {"members": [], "rooms": []}, 10)
    assert there.forget(FORGET_SECONDS) == set()
    assert there.online(1) == [ANN]
    assert there.forget(FORGET_SECONDS + 1) == {1}
    assert there.online(1) == []
    assert list(there.elsewhere) == ["alive"]


def test_a_person_with_two_names_is_told_under_the_newest():
    here, there = Presence(), Presence()
    renamed = Member(ANN.key, "Zoë", guest=True)
    with here.entered(1, ANN), here.entered(1, renamed):
        there.hear("w", here.tell(), 0)
    assert there.online(1) == [renamed]


def test_the_people_of_a_worker_that_leaves_stay_until_they_may_be_back():
    presence = Presence()
    people = {"members": [["g-1", "Ann", True]], "rooms": [[1, ["g-1"]]]}
    presence.hear("other", people, now=100)
    presence.take_leave("other", now=110)
    presence.take_leave("nobody", now=110)
    assert presence.forget(110 + LEAVE_SECONDS - 0.1) == set()
    assert presence.online(1) == [ANN]
    assert presence.forget(110 + LEAVE_SECONDS + 0.1) == {1}
    assert presence.online(1) == []
