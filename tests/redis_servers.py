"""Redis as operators run it: behind Sentinels, as a cluster, with TLS, and with users."""

import contextlib
import subprocess
import time
from pathlib import Path

import redis

from tests.processes import QuickProcess, Redis, need
from tests.shared import free_port

SERVICE = "mymaster"
# Of a user with the least rights, as docs/hosting.md gives it.
LEAST_RIGHTS = "-@all +ping +publish +subscribe +unsubscribe &*"
SENTINEL_RIGHTS = "-@all +sentinel|masters"


class Sentinel(QuickProcess):
    """A Redis Sentinel that watches one master. `options` are lines of its configuration."""

    def __init__(self, folder: Path, master: Redis, quorum: int, *options: str):
        self.port = free_port()
        file = folder / f"sentinel-{self.port}.conf"
        lines = [
            f"port {self.port}",
            "bind 127.0.0.1",
            f"dir {folder}",
            f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} {quorum}",
            # Long enough for a machine with other load.
            f"sentinel down-after-milliseconds {SERVICE} 3000",
            f"sentinel failover-timeout {SERVICE} 20000",
            *options,
        ]
        file.write_text("\n".join(lines) + "\n")
        super().__init__([need("redis-sentinel"), str(file)], folder / "sentinel.log")


class WatchedMaster:
    """A master, its replica, and the Sentinels that replace one by the other."""

    def __init__(self, folder: Path, sentinels: int, *options: str, sentinel: tuple[str, ...] = ()):
        self.processes: list[QuickProcess] = []
        try:
            self.master = self._begin(Redis(folder, *options))
            replica = Redis(folder, "--replicaof", f"127.0.0.1 {self.master.port}", *options)
            self.replica = self._begin(replica)
            quorum = sentinels // 2 + 1
            self.sentinels = [
                self._begin(Sentinel(folder, self.master, quorum, *sentinel))
                for _ in range(sentinels)
            ]
        except BaseException:
            self.close()
            raise

    def _begin(self, process):
        self.processes.append(process.start())
        return process

    @property
    def sentinel_hosts(self) -> str:
        """The Sentinels, as an URL names them."""
        return ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)

    def url(self, login: str = "", options: str = "") -> str:
        return f"redis+sentinel://{login}{self.sentinel_hosts}/{SERVICE}{options}"

    def wait_until_watched(self, **login: str) -> None:
        """Waits until each Sentinel knows the replica and the other Sentinels, without which there
        is no fail-over."""
        for sentinel in self.sentinels:
            with redis.Redis(port=sentinel.port, decode_responses=True, **login) as client:
                until(lambda client=client: self._is_watched(client))

    def _is_watched(self, client) -> bool:
        state = client.sentinel_master(SERVICE)
        return (state["num-slaves"], state["num-other-sentinels"]) == (1, len(self.sentinels) - 1)

    def close(self) -> None:
        for process in reversed(self.processes):
            process.close()


class Cluster:
    """A Redis cluster of nodes without replicas."""

    def __init__(self, folder: Path, nodes: int):
        self.nodes: list[Redis] = []
        try:
            for _ in range(nodes):
                bus_port = free_port()
                node = Redis(
                    folder,
                    *("--cluster-enabled", "yes", "--cluster-port", str(bus_port)),
                    *("--cluster-config-file", f"nodes-{bus_port}.conf"),
                )
                self.nodes.append(node.start())
            addresses = [f"127.0.0.1:{node.port}" for node in self.nodes]
            create = [need("redis-cli"), "--cluster", "create", *addresses, "--cluster-yes"]
            subprocess.run(create, check=True, capture_output=True, timeout=120)
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def close(self) -> None:
        for node in self.nodes:
            node.close()


def certificates(folder: Path) -> None:
    """Makes a certificate authority `ca.pem`, and a key and a certificate of it for `localhost` and
    127.0.0.1, as the recipe of docs/hosting.md does."""
    openssl = [need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    by_ca = ["-CA", "ca.pem", "-CAkey", "ca.key"]
    for name, options in (("ca", []), ("redis", [*names, *by_ca])):
        made = ["-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"]
        subprocess.run([*openssl, *options, *made], cwd=folder, check=True, capture_output=True)


def tls_options(folder: Path, port: int) -> list[str]:
    """The options of a redis-server that also listens with TLS. Clients need no certificate."""
    files = {"cert-file": "redis.pem", "key-file": "redis.key", "ca-cert-file": "ca.pem"}
    named = [text for name, file in files.items() for text in (f"--tls-{name}", str(folder / file))]
    return ["--tls-port", str(port), "--tls-auth-clients", "no", *named]


def user(rule: str) -> list[str]:
    """The options of a redis-server that has a user, by an ACL rule."""
    return ["--user", *rule.split()]


def until(holds, seconds: float = 60.0) -> None:
    """Waits until `holds()` is true. AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(redis.RedisError):
            if holds():
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)  # Redis has no event for this
