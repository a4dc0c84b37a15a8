"""docs/protocol.md is true: each of its examples is sent to a real worker, and has to be answered
as it is shown there."""

import pytest

from tests.processes import need
from tests.protocol import document, requests
from tests.protocol.stage import Stage
from tests.protocol.wire import Wire

pytestmark = pytest.mark.apart

SECTIONS = document.sections(document.PATH.read_text())
# A worker that gives up its database within a second.
IMPATIENT = {"DJANGO_SETTINGS_MODULE": "tests.impatient"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
async def test_examples(section, make_site, tmp_path):
    if any(block.kind == "sh" for block in section.blocks):
        need("curl")
    stage = Stage(make_site(**IMPATIENT, **section.settings))
    wire = Wire(stage)
    printed = ""
    try:
        for block in section.blocks:
            if block.kind == "wire":
                await wire.play(block)
            elif block.kind == "sh":
                if what := block.options.get("stage"):
                    await stage.happens(what)
                printed = await requests.run(block.text, stage, tmp_path)
            elif block.kind == "http":
                requests.compare(block, printed)
            elif block.kind == "json":
                assert requests.of_bodies(block.text, printed) == []
        assert wire.rest() == []
    finally:
        await wire.close()
        await stage.close()
    assert "Traceback" not in stage.worker.log.read_text()
