"""The costs in docs/scaling.md are those in cost.json."""

import json
import math

import pytest

from tests.processes import ROOT
from tests.protocol.document import table

COSTS = table((ROOT / "docs" / "scaling.md").read_text(), "What was measured")
FOUND = json.loads((ROOT / "benchmarks" / "results" / "cost.json").read_text())


def value(path):
    """The value at a path: a section, the first values of a row, and a field."""
    section, *keys, field = path.split()
    keys = [key.replace("_", " ") for key in keys]
    rows = FOUND[section]
    return next(r[field] for r in rows if [str(v) for v in r.values()][: len(keys)] == keys)


@pytest.mark.parametrize("row", COSTS, ids=lambda row: row[0])
def test_cost_is_the_measured_one_to_two_digits(row):
    shown, measured = float(row[2].replace(",", "")), value(row[3])
    assert shown == round(measured, 1 - math.floor(math.log10(measured)))
