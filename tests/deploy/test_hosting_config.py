"""The configuration that the environment and `.env` give to `make serve`."""

import pytest

from deploy import hosting_config, serve
from deploy.hosting_config import parse


def test_each_worker_has_its_own_address():
    config = parse({"WORKERS": "3", "WORKER_PORTS": "90"})
    assert config.worker_addresses == ["127.0.0.1:9001", "127.0.0.1:9002", "127.0.0.1:9003"]


@pytest.mark.parametrize(
    ("bind", "address"),
    [
        ("", "127.0.0.1:8101"),
        ("10.0.0.5", "10.0.0.5:8101"),
        ("0.0.0.0", "127.0.0.1:8101"),  # nginx connects from this machine
        ("::1", "[::1]:8101"),
        ("[::]", "[::1]:8101"),
    ],
)
def test_workers_listen_on_the_chosen_address(bind, address):
    config = parse({"WORKER_BIND": bind, "WORKERS": "1"})
    assert config.worker_addresses == [address]
    assert config.worker_bind == (bind.strip("[]") or "127.0.0.1")


def test_every_setting_has_a_default():
    config = parse({})
    assert (config.bind, config.port, config.workers) == ("127.0.0.1", 8080, 2)
    assert config.run_folder == hosting_config.ROOT / "run"
    static_root = config.django_environment()["STATIC_ROOT"]
    assert static_root == str(hosting_config.ROOT / "run" / "static")


def test_a_redis_is_started_only_without_redis_url():
    own, other = parse({"REDIS_URL": " "}), parse({"REDIS_URL": "redis://r/0"})
    assert own.django_environment()["REDIS_URL"] == f"unix://{own.run_folder}/redis.sock"
    assert own.starts_redis
    assert "REDIS_URL" not in other.django_environment()
    assert not other.starts_redis


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "0"),
        ("WORKERS", "100"),
        ("WORKERS", "two"),
        ("PORT", "65536"),
        ("WORKER_PORTS", "8101"),
        ("RUN", "x" * 80),
        ("WORKER_BIND", "worker.example"),
    ],
)
def test_a_bad_value_stops_with_the_name_of_its_setting(name, value):
    with pytest.raises(SystemExit, match=name):
        parse({name: value})


@pytest.fixture
def env(tmp_path, monkeypatch):
    """A `.env` of this test, and no SECRET_KEY in the environment."""
    monkeypatch.setattr(hosting_config, "ROOT", tmp_path)
    for name in ("SECRET_KEY", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / ".env"


def test_a_secret_key_is_written_once_and_only_its_owner_can_read_it(env):
    serve.ensure_secret_key(env)
    key = hosting_config.read_environment()["SECRET_KEY"]
    assert len(key) > 50
    assert env.stat().st_mode & 0o077 == 0
    serve.ensure_secret_key(env)
    assert env.read_text() == f"SECRET_KEY={key}\n"


def test_the_other_lines_of_the_env_file_stay(env):
    env.write_text("DEBUG=false\nREDIS_URL=redis://r/0")
    serve.ensure_secret_key(env)
    assert env.read_text().startswith("DEBUG=false\nREDIS_URL=redis://r/0\nSECRET_KEY=")
    assert hosting_config.read_environment()["REDIS_URL"] == "redis://r/0"


def test_the_environment_overrides_the_env_file(env, monkeypatch):
    env.write_text("SECRET_KEY=mine\nWORKERS=3\n")
    monkeypatch.setenv("WORKERS", "")
    serve.ensure_secret_key(env)
    assert env.read_text() == "SECRET_KEY=mine\nWORKERS=3\n"
    # The folder of the test may be too long a path for unix sockets.
    assert parse(hosting_config.read_environment() | {"RUN": "/run"}).workers == 2
