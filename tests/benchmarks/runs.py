"""Runs as literals, as `benchmarks.compare` writes them."""


def run(contender, round_, void=None, scenario="room", keys=None, **figures):
    keys = {"connections": 500, "talking": 64} if keys is None else keys
    head = {"scenario": scenario, "contender": contender, "round": round_}
    return {**head, **keys, "figures": figures, "void": void}


def streams_on_time(workers, round_, count, void=None):
    keys = {"kind": "streams on time", "workers": workers, "interval_ms": 20}
    figures = {} if void else {"streams_on_time": count}
    return run("twinstream", round_, void, "workers", keys, **figures)
