"""The copies of the code in which the workers run."""

import tempfile
from pathlib import Path

import pytest

from deploy import hosting_config, releases


@pytest.fixture
def short_path():
    """A folder with a short path: unix sockets of a site are in it."""
    with tempfile.TemporaryDirectory(prefix="site-") as folder:
        yield Path(folder)


@pytest.fixture
def config(short_path, monkeypatch):
    """The configuration of a site whose checkout has a few files."""
    checkout = short_path / "site"
    for name in ("manage.py", "chat/models.py", "chat/node_modules/x.js", ".git/HEAD", ".env"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("old")
    data = ("data.db", "data.db-wal", "db.sqlite3", "lobby.jsonl", "site.dump", "key.pem")
    for name in (*data, "run/static/a.js", "run/log/x.log"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).touch()
    monkeypatch.setattr(hosting_config, "ROOT", checkout)
    monkeypatch.setattr(releases, "ROOT", checkout)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///data.db")
    return hosting_config.parse({})


def files(folder):
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def test_a_release_is_the_code_and_the_env_file_without_data_and_packages(config):
    release = releases.create(config)
    assert files(release) == [".env", "chat/models.py", "manage.py"]
    assert config.django_environment()["DATA_ROOT"] == str(releases.ROOT)


def test_a_process_keeps_its_release_when_the_checkout_changes(config):
    first = releases.create(config)
    for process in ("worker_1", "worker_2"):
        releases.point(config, process, first)
    (releases.ROOT / "manage.py").write_text("new")
    second = releases.create(config)
    releases.point(config, "worker_1", second)
    assert (config.releases_folder / "worker_1" / "manage.py").read_text() == "new"
    assert (config.releases_folder / "worker_2" / "manage.py").read_text() == "old"
    assert releases.of(config, "worker_2") == first


def test_a_release_that_no_process_uses_is_deleted(config):
    first, second = releases.create(config), releases.create(config)
    releases.point(config, "worker_1", first)
    releases.point(config, "worker_1", second)
    releases.remove_unused(config)
    assert releases.folders(config) == [second]
    assert releases.create(config).name == "3"
    releases.point(config, "worker_1", None)
    assert releases.of(config, "worker_1") is None


def test_a_site_with_fewer_workers_forgets_the_others(config):
    old, new = releases.create(config), releases.create(config)
    releases.point(config, "worker_3", old)
    releases.point_all(config, new)
    releases.remove_unused(config)
    assert releases.folders(config) == [new]
    links = {each.name for each in config.releases_folder.iterdir() if each.is_symlink()}
    assert links == {"current", "worker_1", "worker_2"}


def test_a_checkout_that_cannot_be_copied_stops_with_a_sentence(config):
    (releases.ROOT / ".env").unlink()
    (releases.ROOT / ".env").mkdir()
    with pytest.raises(SystemExit, match="Stopped: the code cannot be copied to "):
        releases.create(config)
    assert list(config.releases_folder.iterdir()) == []
