from contextlib import ExitStack, contextmanager

from chat.identity.members import Member
from chat.presence.presence import FORGET_SECONDS, LEAVE_SECONDS, ONLINE_MOST, Presence

ANN = Member("g-1", "Ann", guest=True)
BOB = Member("u-2", "bob", guest=False)


@contextmanager
def counted(presence, room, member):
    """A member in a room, or without a room one socket of a member."""
    presence.add(room, member)
    try:
        yield
    finally:
        presence.remove(room, member)


def test_a_person_with_three_tabs_is_listed_once():
    presence = Presence()
    with counted(presence, 1, ANN), counted(presence, 1, ANN), counted(presence, 1, BOB):
        assert presence.online(1) == [ANN, BOB]
        assert presence.online(2) == []


def test_a_person_is_listed_until_the_last_tab_closes():
    presence = Presence()
    with counted(presence, 1, ANN):
        with counted(presence, 1, ANN):
            pass
        assert presence.online(1) == [ANN]
    assert presence.online(1) == []
    assert presence.rooms == {}


def test_a_person_who_changes_the_name_is_listed_once():
    presence = Presence()
    renamed = Member(ANN.key, "Anna", guest=True)
    with counted(presence, 1, ANN), counted(presence, 1, renamed):
        assert presence.online(1) == [renamed]


def test_a_list_has_at_most_online_most_members():
    presence = Presence()
    with ExitStack() as crowd:
        for number in range(300):
            crowd.enter_context(counted(presence, 1, Member(f"g-{number}", "x", guest=True)))
        assert len(presence.online(1)) == ONLINE_MOST


def test_nothing_is_left_after_an_exception():
    presence = Presence()
    try:
        with counted(presence, None, ANN), counted(presence, 1, ANN):
            raise RuntimeError
    except RuntimeError:
        pass
    assert presence.sockets == 0
    assert (presence.rooms, presence.names) == ({}, {})


def test_a_connected_member_has_a_name():
    presence = Presence()
    with counted(presence, None, ANN), counted(presence, None, ANN):
        assert presence.sockets == 2
        assert presence.has_name("ANN", except_key="g-9")
        assert not presence.has_name("Ann", except_key=ANN.key)
        assert not presence.has_name("Bob", except_key="g-9")


def test_a_member_in_a_room_without_a_socket_has_a_name():
    presence = Presence()
    with counted(presence, 1, ANN):
        assert presence.has_name("Ann", except_key="g-9")
        assert presence.sockets == 0


# ---- The other workers ----


def test_a_worker_knows_the_members_of_a_snapshot():
    here, there = Presence(), Presence()
    with counted(here, None, ANN), counted(here, 1, ANN), counted(here, 2, BOB):
        assert there.merge_remote("w", here.snapshot(), 0) == {1, 2}
    assert (there.online(1), there.online(2), there.online(3)) == ([ANN], [BOB], [])
    assert there.has_name("ann", except_key="g-9")
    assert not there.has_name("ann", except_key="g-1")
    assert there.is_remote(1, "g-1")
    assert not there.is_remote(1, "u-2")


def test_a_person_on_two_workers_is_listed_once():
    here, there = Presence(), Presence()
    with counted(here, 1, ANN), counted(there, 1, ANN), counted(here, 1, BOB):
        there.merge_remote("w", here.snapshot(), 0)
        assert there.online(1) == [ANN, BOB]


def test_the_same_snapshot_again_changes_no_room():
    here, there = Presence(), Presence()
    with counted(here, 1, ANN):
        there.merge_remote("w", here.snapshot(), 0)
        assert there.merge_remote("w", here.snapshot(), 5) == set()
        with counted(here, 2, BOB):
            assert there.merge_remote("w", here.snapshot(), 6) == {2}
        assert there.merge_remote("w", here.snapshot(), 7) == {2}
    assert there.merge_remote("w", here.snapshot(), 8) == {1}
    assert there.online(1) == []


def test_members_of_a_silent_worker_are_dropped():
    here, there = Presence(), Presence()
    with counted(here, 1, ANN):
        there.merge_remote("killed", here.snapshot(), 0)
        there.merge_remote("alive", {"members": [], "rooms": []}, 10)
    assert there.drop_expired(FORGET_SECONDS) == set()
    assert there.online(1) == [ANN]
    assert there.drop_expired(FORGET_SECONDS + 1) == {1}
    assert there.online(1) == []
    assert list(there.remote) == ["alive"]


def test_a_snapshot_has_the_newest_name_of_a_member():
    here, there = Presence(), Presence()
    renamed = Member(ANN.key, "Zoë", guest=True)
    with counted(here, 1, ANN), counted(here, 1, renamed):
        there.merge_remote("w", here.snapshot(), 0)
    assert there.online(1) == [renamed]


def test_members_of_a_leaving_worker_are_dropped_after_leave_seconds():
    presence = Presence()
    people = {"members": [["g-1", "Ann", True]], "rooms": [[1, ["g-1"]]]}
    presence.merge_remote("other", people, now=100)
    presence.expire_soon("other", now=110)
    presence.expire_soon("nobody", now=110)
    assert presence.drop_expired(110 + LEAVE_SECONDS - 0.1) == set()
    assert presence.online(1) == [ANN]
    assert presence.drop_expired(110 + LEAVE_SECONDS + 0.1) == {1}
    assert presence.online(1) == []
