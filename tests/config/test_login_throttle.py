import re

import pytest
from django.test import Client

from config import login_throttle
from realtime.rate_limit import Buckets

pytestmark = pytest.mark.django_db
TOO_MANY = "Too many attempts. Please try again in"
PAGES = ["/login/", "/admin/login/"]


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    monkeypatch.setattr(login_throttle, "by_name", Buckets(rate=0.01, burst=2))
    monkeypatch.setattr(login_throttle, "by_address", Buckets(rate=0.01, burst=3))


def attempt(page, name, password, address="203.0.113.7"):
    form = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post(page, form)


@pytest.mark.parametrize("page", PAGES)
def test_too_many_failed_attempts_are_refused_for_some_seconds(boss, page):
    for _ in range(2):
        assert TOO_MANY not in attempt(page, "boss", "guess").content.decode()
    refused = attempt(page, "boss", "b")
    assert refused.status_code == 200
    assert re.search(rf"{TOO_MANY} \d+ seconds", refused.content.decode())


@pytest.mark.parametrize("page", PAGES)
def test_failed_attempts_of_another_address_do_not_lock_a_user_out(boss, page):
    for _ in range(4):
        attempt(page, "boss", "guess")
    assert attempt(page, "boss", "b", address="203.0.113.8").status_code == 302


def test_successful_attempts_are_not_limited(boss):
    for _ in range(9):
        assert attempt("/login/", "boss", "b").status_code == 302


def test_upper_and_lower_case_names_share_a_limit(boss):
    attempt("/login/", "boss", "guess")
    attempt("/login/", "BOSS", "guess")
    assert TOO_MANY in attempt("/login/", "Boss", "guess").content.decode()


def test_one_address_has_a_limit_over_all_names(boss):
    for number in range(3):
        attempt("/login/", f"name-{number}", "guess")
    assert TOO_MANY in attempt("/login/", "name-4", "guess").content.decode()


def test_both_login_pages_share_a_limit(boss):
    for page in PAGES:
        attempt(page, "boss", "guess")
    assert TOO_MANY in attempt(PAGES[0], "boss", "guess").content.decode()


def test_an_empty_form_is_answered_with_the_form(boss):
    assert attempt("/login/", "", "").status_code == 200
