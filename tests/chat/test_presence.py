from contextlib import ExitStack

from chat.members import Member
from chat.presence import ONLINE_MOST, Presence

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
