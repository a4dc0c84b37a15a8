"""The reports that a worker receives from the others."""

import asyncio

import pytest
from channels.layers import get_channel_layer

from chat.dashboard import views
from chat.dashboard.reports import REPORT
from chat.worker import build, current
from realtime.bus import WORKERS, full_name
from realtime.worker import build as build_base
from realtime.worker import install

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def asked(settings):
    """The reports of a worker that has just asked the others for theirs."""
    settings.REDIS_URL = "redis://stands.for.the.layer.of.the.tests"
    install(build(build_base()))
    known = current().reports
    while current().bus.channel == "" or WORKERS not in current().bus.subscribed:
        await asyncio.sleep(0.01)
    known.ask()
    return known


async def tell(worker, report):
    message = {"type": REPORT, "worker": worker, "report": report}
    group = full_name(current().bus.prefix, WORKERS)
    await get_channel_layer().group_send(group, message)


async def test_a_report_of_another_version_is_ignored(asked, lobby):
    [own] = asked.histories()[current().bus.worker]
    older = {name: value for name, value in own.items() if name != "stuck"}
    for worker, report in {"older": older, "newer": own | {"more": 1}, "same": own}.items():
        await tell(worker, report)
    async with asyncio.timeout(10):
        while "same" not in asked.histories():
            await asyncio.sleep(0.01)
    assert set(asked.histories()) == {current().bus.worker, "same"}
    shown = views.snapshot(asked.histories(), {}, [lobby])
    assert len(shown["workers"]) == 2
