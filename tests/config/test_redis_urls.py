"""What REDIS_URL may say, and which values stop the start."""

import pytest

from config import redis_connections as connections
from config.redis_urls import parse


def hosts(text):
    """What differs between servers: the parsed options without those of every connection."""
    common = connections.options().keys()
    return [
        {name: value for name, value in server.host.items() if name not in common}
        for server in parse(text)
    ]


def test_a_url_names_host_port_user_and_password():
    (host,) = hosts("redis://ann:p%40%2F@db.example:6380/0")
    assert host == {
        "host": "db.example",
        "port": 6380,
        "username": "ann",
        "password": "p@/",
        "connection_class": connections.WatchedTcp,
    }


def test_several_urls_are_separated_by_commas():
    found = parse(" redis://a, rediss://[::1]:7000/1 ,unix:///run/redis.sock,")
    assert [server.name for server in found] == ["a", "[::1]:7000", "/run/redis.sock"]
    assert [server.host["connection_class"] for server in found] == [
        connections.WatchedTcp,
        connections.WatchedTls,
        connections.WatchedUnix,
    ]


def test_no_connection_selects_a_database():
    assert "db" not in hosts("redis://a/3")[0]
    assert "db" not in hosts("unix:///run/redis.sock?db=3")[0]


def test_options_follow_a_question_mark_and_override_ours():
    (server,) = parse("redis://a/0?socket_timeout=2.5&client_name=site")
    assert (server.host["socket_timeout"], server.host["client_name"]) == (2.5, "site")


def test_sentinels_have_a_service_and_may_have_a_login_of_their_own():
    url = "redis+sentinel://ann:pw@one:1,two,[::1]:3/mymaster/0"
    (host,) = hosts(f"{url}?sentinel_username=bob&sentinel_password=p%26")
    at_sentinels = host.pop("sentinel_kwargs")
    assert host == {
        "master_name": "mymaster",
        "sentinels": [("one", 1), ("two", 26379), ("::1", 3)],
        "username": "ann",
        "password": "pw",
        "connection_class": connections.WatchedSentinel,
    }
    assert (at_sentinels["username"], at_sentinels["password"]) == ("bob", "p&")
    assert "ssl" not in at_sentinels


def test_with_tls_the_sentinels_are_asked_over_tls_too():
    (host,) = hosts("rediss+sentinel://one/mymaster?ssl_cert_reqs=none")
    at_sentinels = host["sentinel_kwargs"]
    assert (at_sentinels["ssl"], at_sentinels["ssl_cert_reqs"]) == (True, "none")
    assert host["connection_class"] is connections.WatchedSentinelTls


def test_a_cluster_is_named_by_some_of_its_nodes():
    (host,) = hosts("redis+cluster://:pw@a,b:7001")
    assert host["nodes"] == [("a", 6379), ("b", 7001)]
    assert host["connection_class"] is connections.WatchedCluster


SECRET = "pa55"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("localhost:6379", "must begin with"),
        ("http://a", "must begin with"),
        ("redis://h:abc/0", "port is bad"),
        (f"redis://:{SECRET}?{SECRET}@h/0", "percent-encoded"),
        (f"redis://:{SECRET}#{SECRET}@h/0", "percent-encoded"),
        ("redis://a,b", "a URL of its own"),
        ("redis://a/queue", "number of a database"),
        ("redis://a,redis://a", "twice"),
        ("redis://a/0?tmieout=3", "no option tmieout"),
        ("redis://a/0?socket_timeout=soon", "socket_timeout"),
        ("redis://a/0?ssl_ca_certs=/etc/hosts", "no option ssl_ca_certs"),
        ("rediss://a/0?ssl_ca_certs=/nowhere", "/nowhere of ssl_ca_certs cannot be read"),
        ("rediss://a/0?ssl_ca_certs=/etc/hosts", "options of TLS are bad"),
        ("rediss://a/0?ssl_cert_reqs=perhaps", "perhaps"),
        ("redis+sentinel://a:26379", "name of the service"),
        ("redis+sentinel://a/mymaster/x", "name of the service"),
        ("redis+sentinel://a/mymaster?sentinel_user=x", "no option user"),
    ],
)
def test_a_bad_value_is_refused_with_its_reason(text, reason):
    with pytest.raises(ValueError, match=reason) as refused:
        parse(text)
    assert SECRET not in str(refused.value)
