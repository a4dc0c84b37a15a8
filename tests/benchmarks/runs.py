"""Literal runs of the comparison, as its load generator writes them."""


def run(contender, round_, void=None, scenario="room", keys=None, **figures):
    keys = {"connections": 500, "talking": 64} if keys is None else keys
    head = {"scenario": scenario, "contender": contender, "round": round_}
    return {**head, **keys, "figures": figures, "void": void}


def streams(workers, round_, connections, due_share, void=None):
    keys = {"kind": "streams", "workers": workers, "connections": connections}
    return run("twinstream", round_, void, "workers", keys, due_share=due_share)
