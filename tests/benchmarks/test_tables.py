"""The page and the README's table say what the runs say."""

import json

from benchmarks.report.readme import BEGIN, END, ROWS, block, with_table
from benchmarks.report.table import page
from benchmarks.report.writing import README, RESULTS, write
from tests.benchmarks.runs import run

MACHINE = {
    "date": "2026-11-24 10:00 UTC",
    "processor": "AMD EPYC",
    "cores": 2,
    "contenders": {"ws": {"Node": "20.1", "ws": "8.1"}},
}
OURS = {"p50_ms": 5.0, "delivered_per_s": 1_200_000.0, "load_busy": 0.41}
NODES = {"p50_ms": 50.0, "delivered_per_s": 100_000.0, "load_busy": 0.12}
FOUND = {
    "machine": MACHINE,
    "runs": [
        run("ws", 0, **NODES),
        run("ws", 1, **{**NODES, "p50_ms": 52.0, "load_busy": 0.2}),
        run("twinstream", 0, **OURS),
        run("twinstream", 1, **OURS),
        run("tutorial", 0, p50_ms=900.0),
        run("tutorial", 1, "3 | of 9 were lost"),
    ],
}


def test_a_scenario_has_a_row_for_each_contender_ours_first():
    lines = page(FOUND).split("### room of 500, 64 talking\n\n")[1].split("\n\n")[0].splitlines()
    assert lines == [
        "|  | p50, ms | × | delivered a second | × | load | correct |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| Twinstream | 5 | 0.098× | 1,200,000 | 12× | 41 % | yes, in 2 rounds |",
        "| Node ws | 51 (50 – 52) | 1.00× | 100,000 | 1.00× | 20 % | yes, in 2 rounds |",
        "| Channels tutorial | void | – | void | – | – "
        "| void in 1 of 2 rounds: 3 \\| of 9 were lost |",
    ]


def test_the_page_says_what_is_met_and_what_was_not_measured():
    text = page(FOUND)
    room = "| room of 500, 64 talking: "
    assert f"{room}p50, ms | ≤ 0.20× Node ws | 0.098× (0.096× – 0.10×) | met |" in text
    assert (
        f"{room}delivered a second | ≥ 40× Channels tutorial | – "
        "| not measured, void (tutorial: 3 \\| of 9 were lost) |"
    ) in text
    assert "\n2 of 24 are met, by the median of the rounds.\n" in text
    assert "Not measured here: Node Express, Socket.IO, django-eventstream, " in text
    assert "\n- processor: AMD EPYC\n" in text
    assert "\n- contenders:\n  - ws: Node 20.1, ws 8.1\n" in text


def test_a_page_of_no_runs_says_so():
    assert page({"machine": MACHINE, "runs": []}).count("\nNot measured.\n") == 6


def test_the_readmes_table_stands_between_its_marks():
    before, after = "# Twinstream\n\n", "\n\nThe end, with a | in it.\n"
    text = with_table(f"{before}{BEGIN}\nold\n{END}{after}", FOUND)
    assert text == f"{before}{BEGIN}\n{block(FOUND)}\n{END}{after}"
    assert with_table(text, FOUND) == text
    assert "p50, ms | **5** | 51 | 0.098× | void | – |" in text
    assert len([line for line in text.splitlines() if line.startswith("| ")]) == len(ROWS) + 2
    assert "Medians of 2 rounds on 2026-11-24 10:00 UTC: AMD EPYC, 2 cores;" in text


def test_the_readme_and_the_page_are_those_of_the_newest_runs():
    readme, runs = README.read_text(), RESULTS / "bench.json"
    assert readme.count(BEGIN) == readme.count(END) == 1
    if runs.exists():
        found = json.loads(runs.read_text())
        assert with_table(readme, found) == readme
        assert (RESULTS / "bench.md").read_text() == page(found)


def test_all_is_written_from_the_runs(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"a {BEGIN}{END} b")
    write(FOUND, tmp_path, readme)
    assert (tmp_path / "bench.md").read_text() == page(FOUND)
    assert readme.read_text() == f"a {BEGIN}\n{block(FOUND)}\n{END} b"
