"""Two databases that run at the same time are never the same instance, however alike they are."""

import contextlib
import shutil
import sqlite3

import psycopg
import pytest

from realtime.log import database_instance as module
from realtime.log.database_instance import bus_prefix, database_instance
from tests.databases import Postgres
from tests.processes import need
from tests.site_database import run_on_database


def instance(url):
    return run_on_database(url, database_instance)


# ---- SQLite --------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "site.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (a)")
    return path


def test_a_file_is_one_instance_under_all_its_paths(file, tmp_path):
    (tmp_path / "link.sqlite3").symlink_to(file)
    (tmp_path / "folder").mkdir()
    paths = [file, tmp_path / "link.sqlite3", tmp_path / "folder" / ".." / file.name]
    assert len({tuple(instance(f"sqlite:///{path}")) for path in paths}) == 1


def test_a_copy_of_a_file_is_another_instance(file, tmp_path):
    copy = shutil.copy2(file, tmp_path / "copy.sqlite3")
    assert instance(f"sqlite:///{file}") != instance(f"sqlite:///{copy}")


def test_the_same_file_on_another_machine_is_another_instance(file, tmp_path, monkeypatch):
    here = instance(f"sqlite:///{file}")
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("of another machine\n")
    monkeypatch.setattr(module, "MACHINE_FILES", (tmp_path / "missing", boot_id))
    assert instance(f"sqlite:///{file}") != here


def test_a_machine_without_an_id_has_its_host_name(monkeypatch, tmp_path, file):
    monkeypatch.setattr(module, "MACHINE_FILES", (tmp_path / "missing",))
    assert module.platform.node() in instance(f"sqlite:///{file}")


def test_a_database_in_memory_belongs_to_its_process():
    assert instance("sqlite://:memory:") == ["sqlite", module._process()]


# ---- PostgreSQL ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster():
    need("postgres")
    started = Postgres()
    yield started.start()
    started.close()


def execute(cluster, *statements):
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_physical_copy_of_a_cluster_is_another_instance(cluster):
    """It has the same system identifier, the same databases and the same OIDs."""
    copy = Postgres()
    try:
        copy.start()
        here, there = instance(cluster.url), instance(copy.url)
    finally:
        copy.close()
    assert here[-1] == there[-1]  # the system identifier
    assert here != there


def test_another_database_of_a_cluster_is_another_instance(cluster):
    execute(cluster, "DROP DATABASE IF EXISTS other", "CREATE DATABASE other")
    other = cluster.url.rpartition("/")[0] + "/other"
    assert instance(cluster.url) != instance(other)
    assert instance(other) == instance(other)


def test_a_database_is_one_instance_under_all_its_urls(cluster):
    assert instance(cluster.url) == instance(cluster.url.replace("127.0.0.1", "localhost"))


def test_a_role_without_the_right_to_read_the_system_identifier_is_enough(cluster):
    execute(cluster, "CREATE ROLE plain LOGIN")
    execute(cluster, "REVOKE EXECUTE ON FUNCTION pg_control_system FROM PUBLIC")
    found = instance(cluster.url.replace("postgres@", "plain@"))
    assert found == instance(cluster.url)[:-1]
    assert len(found) == 3


# ---- The prefix ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_the_prefix_is_that_of_the_secret_key_and_the_database(settings):
    prefix = await bus_prefix()
    assert await bus_prefix() == prefix
    assert len(prefix) == 16
    settings.SECRET_KEY = "that of another site"
    assert await bus_prefix() != prefix
