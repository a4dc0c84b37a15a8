"""A short stress run: no entry is lost, duplicated or out of order. `make stress` runs longer."""

import asyncio

import pytest

from tests.stress import schedule
from tests.stress.run import Run, Size
from tests.stress.table import table


@pytest.mark.timeout(240)  # on a busy machine the readers catch up late
@pytest.mark.parametrize(("seed", "postgres"), [(1, False), (2, True)])
async def test_every_reader_has_exactly_the_log_after_failures(tmp_path, seed, postgres):
    run = await asyncio.to_thread(Run, tmp_path, seed, Size(15, 8, 4, 2, postgres))
    try:
        await run()
    finally:
        await asyncio.to_thread(run.site.close)
    assert run.differences == [], f"with seed {seed}:\n{table(run)}"
    for kind in (schedule.RESTART_REDIS, schedule.PAUSE_REDIS, schedule.KILL_WORKER):
        assert run.record.counts[kind] > 0
    assert run.record.counts["retries"] > 0
    assert len(run.record.reads) > 0
    assert len(run.log) > 50
