"""Counters of a Redis server."""

import redis


def counts(url: str) -> dict[str, int]:
    """Published messages, and bytes in and out, since its start."""
    with redis.Redis.from_url(url) as client:
        stats, calls = client.info("stats"), client.info("commandstats")
    return {
        "publishes": calls.get("cmdstat_publish", {"calls": 0})["calls"],
        "redis_in": stats["total_net_input_bytes"],
        "redis_out": stats["total_net_output_bytes"],
    }
