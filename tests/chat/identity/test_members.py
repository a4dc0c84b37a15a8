import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.identity import members
from chat.identity.members import BadName, Member, clean_name, folded


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("Ann", "Ann"),
        ("  Ann  Lee ", "Ann Lee"),
        ("小明", "小明"),
        ("👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"),
        ("e\u0301", "é"),
        ("नमस्ते", "नमस्ते"),
        ("👨‍👩‍👧‍👦" * 32, "👨‍👩‍👧‍👦" * 32),
    ],
)
def test_names(name, clean):
    assert clean_name(name) == clean


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "\u200d",
        "a" * 33,
        "e" + "\u0301" * 400,  # one character, and a tower
        "a\nb",
        "a\tb",
        "a\0b",
        "a\x7fb",
        "a\u202eb",  # would turn the line around
        "a\u200bb",
        "a\u2028b",
        "a\ud800b",
        "a\ue000b",
        "\ufeffa",
        "\u3164",  # fillers that cannot be seen
        "\u2800 \u115f",
        "! error",
        "Ann: hi",
    ],
)
def test_names_that_cannot_be(name):
    with pytest.raises(BadName):
        clean_name(name)


@given(st.text())
def test_a_clean_name_is_clean(name):
    try:
        clean = clean_name(name)
    except BadName:
        return
    assert clean_name(clean) == clean
    assert "\n" not in clean


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ann", "ann"), ("Ann Lee", "annlee"), ("Ａｎｎ", "Ann"), ("A\u200dnn", "Ann")],
)
def test_names_that_look_alike(one, other):
    assert folded(one) == folded(other)
    assert folded(one) != folded("Bob")


def test_a_guest_is_known_by_the_cookie():
    guest = members.new_guest("Ann")
    assert members.guest_of({"guest": members.guest_cookie(guest)}) == guest


@pytest.mark.parametrize(
    "forge", [str.upper, lambda value: value + "x", lambda value: "", lambda v: "a:b:c"]
)
def test_a_cookie_that_we_did_not_sign_is_none(forge):
    value = members.guest_cookie(members.new_guest("Ann"))
    assert members.guest_of({"guest": forge(value)}) is None


def test_a_guest_without_a_name_has_one_of_their_own():
    guest = members.new_guest()
    assert guest.name == f"guest-{guest.key[-4:]}"
    assert guest.guest
    assert guest.user_id is None


def test_a_user_is_a_member(alice):
    assert members.user_member(alice) == Member(f"u-{alice.pk}", "alice", guest=False)
    assert members.user_member(alice).user_id == alice.pk


@pytest.mark.parametrize("name", ["alice", "ALICE", "ａｌｉｃｅ", "a lice", "a\u200dlice"])
def test_a_users_name_however_it_is_spelled(alice, name):
    assert members.is_users_name(name)


def test_a_name_that_no_user_has(alice):
    assert not members.is_users_name("alicia")
