"""REDIS_URL: each Redis that it names, as the channel layer takes it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ssl import SSLError
from typing import Any
from urllib.parse import unquote

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.exceptions import RedisError

from config import redis_connections as connections

SCHEMES = {
    "redis": connections.WatchedTcp,
    "rediss": connections.WatchedTls,
    "unix": connections.WatchedUnix,
    "redis+sentinel": connections.WatchedSentinel,
    "rediss+sentinel": connections.WatchedSentinelTls,
    "redis+cluster": connections.WatchedCluster,
    "rediss+cluster": connections.WatchedClusterTls,
}
REDIS_PORT, SENTINEL_PORT = 6_379, 26_379
TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
TLS = "ssl_"  # the options of TLS begin so
AT_SENTINELS = "sentinel_"  # and so do the login and password at the Sentinels


@dataclass(frozen=True)
class RedisServer:
    """One Redis: a server, a master behind Sentinels, or a cluster."""

    name: str  # for log lines; it contains no password
    host: dict[str, Any]  # one of the `hosts` in the configuration of the channel layer


def parse(text: str) -> list[RedisServer]:
    """Each Redis that REDIS_URL names, in its order. ValueError with a sentence, which contains no
    password, if the text is bad."""
    servers = [parse_one(url) for url in split(text)]
    if len({server.name for server in servers}) < len(servers):
        raise ValueError("it names a server twice")
    return servers


def split(text: str) -> list[str]:
    """The URLs of a list that is separated by commas. Commas also separate the hosts of a URL."""
    items = re.split(r",(?=\s*[\w+]+://)", text)
    return [item.strip(", ") for item in items if item.strip(", ")]


def parse_one(url: str) -> RedisServer:
    """The Redis that one URL names. ValueError with a sentence."""
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES:
        raise ValueError(f"it must begin with one of {', '.join(f'{at}://' for at in SCHEMES)}")
    if re.search(r"[\s#]", url):
        raise ValueError("a # or a space in it must be percent-encoded")
    rest, _, query = rest.partition("?")
    login, _, place = rest.rpartition("@")
    user, _, password = map(unquote, login.partition(":"))
    given: dict[str, Any]
    given = {key: value for key, value in (("username", user), ("password", password)) if value}
    given |= parse_url(f"redis://?{query}")  # type: ignore[no-untyped-call]
    if scheme == "unix":
        return checked(place, scheme, given | {"path": unquote(place)})
    where, _, path = place.partition("/")
    if scheme.endswith("+sentinel"):
        return behind_sentinels(scheme, where, path, given)
    if not re.fullmatch(r"\d*", path):
        raise ValueError("only the number of a database may follow the host, for example /0")
    nodes = [host_and_port(each, REDIS_PORT) for each in where.split(",")]
    given |= {"host": nodes[0][0], "port": nodes[0][1]}
    if scheme.endswith("+cluster"):
        given["nodes"] = nodes
    elif len(nodes) > 1:
        raise ValueError("each server needs a URL of its own; nodes of a cluster need +cluster")
    return checked(where, scheme, given)


def behind_sentinels(scheme: str, where: str, path: str, given: dict[str, Any]) -> RedisServer:
    """The master of a service that Sentinels watch."""
    service, _, database = path.partition("/")
    if not service or not re.fullmatch(r"\d*", database):
        raise ValueError(
            "the name of the service must follow the Sentinels: "
            "redis+sentinel://one:26379,two:26379/mymaster"
        )
    sentinels = [host_and_port(each, SENTINEL_PORT) for each in where.split(",")]
    options: dict[str, Any] = {
        **connections.TIMEOUTS,
        "retry": Retry(NoBackoff(), 0),  # the next Sentinel is asked at once
        "driver_info": None,
    }
    for name in [name for name in given if name.startswith(AT_SENTINELS)]:
        options[name.removeprefix(AT_SENTINELS)] = given.pop(name)
    if scheme.startswith("rediss"):
        tls = {name: value for name, value in given.items() if name.startswith(TLS)}
        options |= {"ssl": True, **tls}
    construct(Redis, {"host": "", "port": 0, **options})
    server = checked(f"{where}/{service}", scheme, given | {"connection_pool": None})
    del server.host["connection_pool"]  # the pool passes itself
    named = {"master_name": unquote(service), "sentinels": sentinels, "sentinel_kwargs": options}
    return RedisServer(server.name, server.host | named)


def host_and_port(text: str, port: int) -> tuple[str, int]:
    """The host and the port of `host:port`; an IPv6 address is in brackets."""
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^\[\]:@,]*))(?::(\d{1,5}))?", text)
    if found is None:
        # Not the text itself: it may be a part of a password.
        raise ValueError(
            "a host or its port is bad; each /, ?, #, @, : and , of a password must be "
            "percent-encoded"
        )
    return found[1] or unquote(found[2]) or "localhost", int(found[3] or port)


def checked(name: str, scheme: str, given: Mapping[str, Any]) -> RedisServer:
    """The server, after a check of all options. Nothing connects to it yet."""
    # Pub/sub does not know databases, and a user with the least rights may not select one.
    options = connections.options() | {key: value for key, value in given.items() if key != "db"}
    for option in TLS_FILES:
        if option in options and not os.access(options[option], os.R_OK):
            raise ValueError(f"the file {options[option]} of {option} cannot be read")
    kind = SCHEMES[scheme]
    made = construct(kind, options)
    if scheme.startswith("rediss"):
        try:
            made.ssl_context.get()
        except (RedisError, SSLError, OSError) as error:
            raise ValueError(f"its options of TLS are bad: {error}") from None
    return RedisServer(name, options | {"connection_class": kind})


def construct(kind: Any, options: Mapping[str, Any]) -> Any:
    """An object of redis-py. ValueError if it does not know one of the options."""
    try:
        return kind(**options)
    except (TypeError, RedisError) as error:
        unknown = re.search(r"unexpected keyword argument '(\w+)'", str(error))
        why = f"it has no option {unknown[1]}" if unknown else str(error)
        raise ValueError(why) from None
