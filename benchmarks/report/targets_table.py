"""The targets and what became of them, in Markdown. Pure."""

from benchmarks.markdown import table
from benchmarks.report.fold import Result
from benchmarks.report.verdict import Target, Verdict, verdicts
from benchmarks.report.wording import FIGURES, TITLES, row_title, times, with_spread, written


def targets_section(results: list[Result], cores: int) -> str:
    judged = verdicts(results, cores)
    met = sum(each.met for each in judged)
    rows = [(aim(each.target), bound(each.target), measured(each), each.says) for each in judged]
    return (
        f"## Targets\n\n{met} of {len(judged)} are met, by the median of the rounds.\n\n"
        f"{table(('what', 'target', 'measured', ''), rows)}"
    )


def aim(target: Target) -> str:
    return f"{row_title(target.scenario, target.keys)}: {FIGURES[target.figure].title}"


def bound(target: Target) -> str:
    if target.against is None:
        return f"{target.comparison} {written(target.figure, target.bound)}"
    other = "one worker" if target.against_keys else TITLES[target.against]
    if (target.comparison, target.bound) == ("<", 1.0):
        return f"below {other}"
    return f"{target.comparison} {times(target.bound)} {other}"


def measured(verdict: Verdict) -> str:
    form = times if verdict.target.against else FIGURES[verdict.target.figure].written
    return with_spread(form, verdict.measured)
