"""The pages and the README show the figures of the runs."""

import json

from benchmarks.report.__main__ import README, RESULTS, write
from benchmarks.report.before_page import before_page
from benchmarks.report.bench_page import bench_page
from benchmarks.report.cost_page import cost_page
from benchmarks.report.readme import BEGIN, END, ROWS, block, with_block
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


def test_table_has_a_row_for_each_contender_ours_first():
    lines = (
        bench_page(FOUND).split("### room of 500, 64 talking\n\n")[1].split("\n\n")[0].splitlines()
    )
    assert lines == [
        "|  | p50, ms | × | deliveries per second | × | load | correct |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| Twinstream | 5 | 0.098× | 1,200,000 | 12× | 41 % | yes, in 2 rounds |",
        "| Node ws | 51 (50 – 52) | 1.00× | 100,000 | 1.00× | 20 % | yes, in 2 rounds |",
        "| Channels tutorial | void | – | void | – | – "
        "| void in 1 of 2 rounds: 3 \\| of 9 were lost |",
    ]


def test_page_shows_which_targets_are_met_and_who_was_not_measured():
    text = bench_page(FOUND)
    room = "| room of 500, 64 talking: "
    assert f"{room}p50, ms | ≤ 0.20× Node ws | 0.098× (0.096× – 0.10×) | met |" in text
    assert (
        f"{room}deliveries per second | ≥ 40× Channels tutorial | – "
        "| not measured, void (tutorial: 3 \\| of 9 were lost) |"
    ) in text
    assert "\n2 of 24 are met, by the median of the rounds.\n" in text
    assert "Not measured here: Node Express, Socket.IO, django-eventstream, " in text
    assert "\n- processor: AMD EPYC\n" in text
    assert "\n- contenders:\n  - ws: Node 20.1, ws 8.1\n" in text


def test_page_without_runs_says_not_measured():
    assert bench_page({"machine": MACHINE, "runs": []}).count("\nNot measured.\n") == 6


def test_block_is_written_between_its_marks():
    before, after = "# Twinstream\n\n", "\n\nThe end, with a | in it.\n"
    text = with_block(f"{before}{BEGIN}\nold\n{END}{after}", FOUND)
    assert text == f"{before}{BEGIN}\n{block(FOUND)}\n{END}{after}"
    assert with_block(text, FOUND) == text
    assert "p50, ms | **5** | 51 | 0.098× | void | – |" in text
    assert len([line for line in text.splitlines() if line.startswith("| ")]) == len(ROWS) + 2
    assert "Medians of 2 rounds on 2026-11-24 10:00 UTC: AMD EPYC, 2 cores;" in text


def test_readme_and_page_show_the_newest_results():
    readme, runs = README.read_text(), RESULTS / "bench.json"
    assert readme.count(BEGIN) == readme.count(END) == 1
    if runs.exists():
        found = json.loads(runs.read_text())
        assert with_block(readme, found) == readme
        assert (RESULTS / "bench.md").read_text() == bench_page(found)


def test_cost_page_shows_the_newest_results():
    found = json.loads((RESULTS / "cost.json").read_text())
    assert (RESULTS / "cost.md").read_text() == cost_page(found)


def test_cost_page_has_a_column_for_each_field():
    text = cost_page({"machine": MACHINE, "texts": [{"interval_ms": 20, "write_us": 41.06}]})
    assert "## Streamed characters\n\n| interval ms | write µs |\n" in text
    assert "\n| 20 | 41.1 |\n" in text


BEFORE = {"p50_ms": 10.0, "delivered_per_s": 1_000.0, "cpu_us_per_delivery": 4.0}
AFTER = {"p50_ms": 20.0, "delivered_per_s": 2_000.0, "cpu_us_per_delivery": 4.1}


def test_before_page_shows_a_ratio_below_1_where_after_is_worse(tmp_path):
    runs = [
        run(contender, number, **figures)
        for number in range(2)
        for contender, figures in (("before", BEFORE), ("after", AFTER))
    ]
    runs.append(run("after", 2, **{**AFTER, "delivered_per_s": 500.0}))
    runs.append(run("before", 2, **BEFORE))
    (tmp_path / "before.json").write_text(json.dumps({"machine": MACHINE, "runs": runs}))
    row = "| room of 500, 64 talking |"
    text = write("before", tmp_path)
    assert text == (tmp_path / "before.md").read_text()
    assert f"{row} deliveries per second | 1,000 | 2,000 | 2.00× (0.50× – 2.00×) | yes |\n" in text
    assert f"{row} p50, ms | 10 | 20 | 0.50× | no |\n" in text
    assert f"{row} CPU µs per delivery | 4 | 4.1 | 0.98× | yes |\n" in text
    assert "\n2 of 3 rows are fine.\n" in text


def test_before_page_shows_why_a_row_is_void():
    runs = [run("before", 0, "2 of 9 were lost"), run("after", 0, **AFTER)]
    text = before_page({"machine": MACHINE, "runs": runs})
    row = "| room of 500, 64 talking | p50, ms | – | – | – |"
    assert f"{row} void (before: 2 of 9 were lost) |\n" in text
