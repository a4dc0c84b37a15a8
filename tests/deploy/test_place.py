"""What the environment says of a place."""

import pytest

from deploy import place, serve


def test_each_worker_has_an_address_of_its_own():
    found = place.read({"WORKERS": "3", "WORKER_PORTS": "90"})
    assert found.addresses == ["127.0.0.1:9001", "127.0.0.1:9002", "127.0.0.1:9003"]


def test_nothing_needs_to_be_said():
    found = place.read({})
    assert (found.bind, found.port, found.workers) == ("127.0.0.1", 8080, 2)
    assert found.folder == place.ROOT / "run"
    assert found.settings()["STATIC_ROOT"] == str(place.ROOT / "run" / "static")


def test_a_redis_of_our_own_is_started_where_none_is_named():
    own, other = place.read({"REDIS_URL": " "}), place.read({"REDIS_URL": "redis://r/0"})
    assert own.settings()["REDIS_URL"] == f"unix://{own.folder}/redis.sock"
    assert own.own_redis
    assert "REDIS_URL" not in other.settings()
    assert not other.own_redis


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "0"),
        ("WORKERS", "100"),
        ("WORKERS", "two"),
        ("PORT", "65536"),
        ("WORKER_PORTS", "8101"),
        ("RUN", "x" * 80),
    ],
)
def test_a_bad_value_is_named(name, value):
    with pytest.raises(SystemExit, match=name):
        place.read({name: value})


@pytest.fixture
def env(tmp_path, monkeypatch):
    """A `.env` of the test's own, and no key in the environment."""
    monkeypatch.setattr(place, "ROOT", tmp_path)
    for name in ("SECRET_KEY", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / ".env"


def test_a_key_is_made_once_and_for_our_eyes_only(env):
    serve.ensure_secret_key(env)
    key = place.told()["SECRET_KEY"]
    assert len(key) > 50
    assert env.stat().st_mode & 0o077 == 0
    serve.ensure_secret_key(env)
    assert env.read_text() == f"SECRET_KEY={key}\n"


def test_what_is_written_already_stays(env):
    env.write_text("DEBUG=false\nREDIS_URL=redis://r/0")
    serve.ensure_secret_key(env)
    assert env.read_text().startswith("DEBUG=false\nREDIS_URL=redis://r/0\nSECRET_KEY=")
    assert place.told()["REDIS_URL"] == "redis://r/0"


def test_the_environment_goes_before_the_file(env, monkeypatch):
    env.write_text("SECRET_KEY=mine\nWORKERS=3\n")
    monkeypatch.setenv("WORKERS", "")
    serve.ensure_secret_key(env)
    assert env.read_text() == "SECRET_KEY=mine\nWORKERS=3\n"
    assert place.read(place.told()).workers == 2
