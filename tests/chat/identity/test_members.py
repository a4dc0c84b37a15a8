import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.identity import members
from chat.identity.members import BadName, Member, clean_name, lookalike_key


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
def test_clean_name_normalizes_a_name(name, clean):
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
def test_clean_name_refuses_a_bad_name(name):
    with pytest.raises(BadName):
        clean_name(name)


@given(st.text())
def test_clean_name_of_a_clean_name_is_the_same(name):
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
def test_names_that_look_alike_have_the_same_key(one, other):
    assert lookalike_key(one) == lookalike_key(other)
    assert lookalike_key(one) != lookalike_key("Bob")


def test_the_cookie_restores_the_guest():
    guest = members.new_guest("Ann")
    assert members.guest_of({"guest": members.guest_cookie(guest)}) == guest


@pytest.mark.parametrize(
    "forge", [str.upper, lambda value: value + "x", lambda value: "", lambda v: "a:b:c"]
)
def test_a_cookie_without_a_valid_signature_is_ignored(forge):
    value = members.guest_cookie(members.new_guest("Ann"))
    assert members.guest_of({"guest": forge(value)}) is None


def test_a_guest_without_a_name_gets_a_default_name():
    guest = members.new_guest()
    assert guest.name == f"guest-{guest.key[-4:]}"
    assert guest.guest
    assert guest.user_id is None


def test_user_member_is_the_member_of_a_user(alice):
    assert members.user_member(alice) == Member(f"u-{alice.pk}", "alice", guest=False)
    assert members.user_member(alice).user_id == alice.pk


@pytest.mark.parametrize("name", ["alice", "ALICE", "ａｌｉｃｅ", "a lice", "a\u200dlice"])
def test_is_username_finds_names_that_look_alike(alice, name):
    assert members.is_username(name)


def test_is_username_is_false_for_other_names(alice):
    assert not members.is_username("alicia")
