"""The Dockerfile and compose.yaml, read as an engine would read them."""

import re
from importlib.metadata import version

import pytest
import yaml

from config.server.shutdown import THREADS_BY
from tests.databases import SETTINGS
from tests.deploy.dockerfile import (
    context,
    ignored,
    mebibytes,
    read_compose,
    read_dockerfile,
    seconds,
)
from tests.processes import ROOT

DOCKERFILE = read_dockerfile()
SERVICES = read_compose({"POSTGRES_PASSWORD": "p"})["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
WORKERS = [name for name in OURS if name.startswith("worker")]
# The programs of an image that its health check may run. Slim images have no curl.
PROGRAMS = {"nginx": "wget", "postgres": "pg_isready", "redis": "redis-cli"}
# A worker exits within 10 s of SIGTERM.
DRAIN_SECONDS = 10
# A whole version. `latest`, or 17 alone, would be another image tomorrow.
PINNED = r"[\w./-]+:\d+\.\d+(\.\d+)?(-[\w.-]+)?"


def test_the_image_is_that_of_the_python_that_the_code_is_written_for():
    target = re.search(r'target-version = "py3(\d+)"', (ROOT / "pyproject.toml").read_text())[1]
    (base,) = DOCKERFILE.all("FROM")
    assert re.fullmatch(PINNED, base)
    assert base.startswith(f"python:3.{target}.")


def test_the_image_installs_the_packages_with_which_the_tests_run():
    (install,) = [each for each in DOCKERFILE.all("RUN") if "pip" in each]
    assert install.endswith("-r requirements.txt")
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = dict(re.findall(r"^([\w-]+)(?:\[\w+\])?==([^;\s]+)", "\n".join(lines), re.M))
    assert len(pins) == len(lines)
    assert {name: version(name) for name in pins} == pins


def test_a_worker_is_not_root_and_receives_signals_itself():
    uid, gid = DOCKERFILE.last("USER").split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    # The server reads the options in this order; a shell would not pass SIGTERM on.
    assert DOCKERFILE.command[:3] == ["python", "-m", "config.server"]
    assert DOCKERFILE.last("STOPSIGNAL") == "SIGTERM"
    assert DOCKERFILE.command[-1] == DOCKERFILE.last("EXPOSE")
    assert f":{DOCKERFILE.last('EXPOSE')}/healthz" in DOCKERFILE.health_check[-1]


def test_the_build_copies_the_code_and_no_secret(tmp_path):
    wanted = ["chat/rooms.py", "static/chat/net/connection.js", "manage.py", "deploy/nginx.conf"]
    others = [".env", ".git/config", "db.sqlite3", "chat/__pycache__/rooms.pyc", "run/log/a.log"]
    others += ["tests/conftest.py", ".venv/bin/python", "docs/hosting.md", "compose.yaml"]
    for name in wanted + others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(context(tmp_path)) == sorted(wanted)


@pytest.mark.parametrize(
    ("path", "patterns", "expected"),
    [
        ("a/b", ["a"], True),
        ("a/b", ["*", "!a"], False),
        ("a/b", ["!a", "*"], True),
        ("a/x/c.pyc", ["**/*.pyc"], True),
        ("c.pyc", ["**/*.pyc"], True),
        ("a/c.pyc", ["*.pyc"], False),
    ],
)
def test_the_last_pattern_of_a_dockerignore_decides(path, patterns, expected):
    assert ignored(path, patterns) is expected


# ---- compose.yaml --------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_may_do_only_what_it_needs(name):
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name in OURS or service["user"] not in ("root", "0")
    assert name in OURS or re.fullmatch(PINNED, service["image"])
    assert ("ports" in service) is (name == "nginx")


@pytest.mark.parametrize("name", SERVICES)
def test_the_health_check_of_a_container_is_a_program_of_its_image(name):
    check = SERVICES[name].get("healthcheck")
    if name in WORKERS:
        *words, url = DOCKERFILE.health_check
        assert words == ["python", "-m", "deploy.healthcheck"]
        assert check["test"] == ["CMD", *words, "--kill", url]
        assert SERVICES[name]["init"]
    elif name in OURS:
        assert check == {"disable": True}  # it ends by itself
    else:
        assert check["test"][:2] == ["CMD", PROGRAMS[SERVICES[name]["image"].partition(":")[0]]]


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_waits_for_what_can_be_waited_for(name):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        if other == "prepare":
            assert how == {"condition": "service_completed_successfully"}
            assert SERVICES[other]["restart"] == "no"
        else:
            assert how == {"condition": "service_healthy"}
            assert "test" in SERVICES[other]["healthcheck"]


@pytest.mark.parametrize("name", OURS)
def test_the_variables_of_a_container_are_settings(name):
    assert SERVICES[name]["env_file"] == ".env"
    assert set(SERVICES[name]["environment"]) <= SETTINGS


def test_there_are_two_equal_workers_and_prepare_names_both():
    assert len(WORKERS) == 2
    assert SERVICES[WORKERS[0]] == SERVICES[WORKERS[1]]
    command = SERVICES["prepare"]["command"]
    port = DOCKERFILE.last("EXPOSE")
    assert [f"{name}:{port}" for name in WORKERS] == [
        word for word in command if word.endswith(f":{port}")
    ]


@pytest.mark.parametrize("name", [*WORKERS, "nginx"])
def test_a_container_is_not_killed_while_it_drains(name):
    assert DRAIN_SECONDS > THREADS_BY
    assert seconds(SERVICES[name]["stop_grace_period"]) > DRAIN_SECONDS


def test_nginx_is_stopped_together_with_the_workers():
    """Compose stops a service before those that it depends on. nginx would wait for connections
    that only a worker ends."""
    assert not set(SERVICES["nginx"]["depends_on"]) & set(WORKERS)
    assert SERVICES["nginx"]["stop_signal"] == "SIGQUIT"


def test_only_the_workers_reach_the_database_and_redis():
    compose = read_compose({"POSTGRES_PASSWORD": "p"})
    assert compose["networks"]["data"] == {"internal": True}
    assert {name for name in SERVICES if "data" in SERVICES[name]["networks"]} == {
        *OURS,
        "postgres",
        "redis",
    }
    assert SERVICES["nginx"]["networks"] == ["front"]
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["data"]


def test_every_volume_is_declared_and_nginx_only_reads():
    compose = read_compose({"POSTGRES_PASSWORD": "p"})
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    assert {mount.partition(":")[0] for mount in mounts} == set(compose["volumes"])
    assert all(mount.endswith(":ro") for mount in SERVICES["nginx"]["volumes"])


def test_the_site_does_not_start_without_a_password():
    with pytest.raises(KeyError, match=r"POSTGRES_PASSWORD: set it in \.env"):
        read_compose({})


# ---- Kubernetes ----------------------------------------------------------------------


def manifests():
    """The YAML documents of docs/containers.md."""
    text = (ROOT / "docs" / "containers.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.S)
    return [each for block in blocks for each in yaml.safe_load_all(block)]


def test_a_pod_has_time_to_drain_and_the_limits_of_compose():
    (deployment,) = [each for each in manifests() if each.get("kind") == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > pause + DRAIN_SECONDS
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    # Within 15 s a worker that hangs is found.
    probe = container["livenessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] <= 15
    assert pod["securityContext"]["runAsNonRoot"]
    context = container["securityContext"]
    assert context["readOnlyRootFilesystem"]
    assert not context["allowPrivilegeEscalation"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    limit = container["resources"]["limits"]["memory"].replace("Mi", "m").replace("Gi", "g")
    assert mebibytes(limit) == mebibytes(SERVICES[WORKERS[0]]["mem_limit"])
    assert {each["name"] for each in container["env"]} <= SETTINGS
