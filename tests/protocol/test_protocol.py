"""Each example of docs/protocol.md is sent to a real worker, which must answer as the document
shows."""

import pytest

from tests.processes import need
from tests.protocol import document, http_examples
from tests.protocol.example_site import ExampleSite
from tests.protocol.socket_examples import SocketExamples

SECTIONS = document.sections(document.PATH.read_text())
# A worker that waits at most a second for its database.
SHORT_TIMEOUT = {"DJANGO_SETTINGS_MODULE": "tests.short_timeout_settings"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
async def test_a_worker_answers_as_the_examples_show(section, make_site, tmp_path):
    if any(block.kind == "sh" for block in section.blocks):
        need("curl")
    example_site = ExampleSite(make_site(**SHORT_TIMEOUT, **section.settings))
    socket_examples = SocketExamples(example_site)
    printed = ""
    try:
        for block in section.blocks:
            if block.kind == "wire":
                await socket_examples.run(block)
            elif block.kind == "sh":
                if event := block.options.get("stage"):
                    await example_site.run_event(event)
                printed = await http_examples.run(block.text, example_site, tmp_path)
            elif block.kind == "http":
                http_examples.compare(block, printed, example_site.cursors)
            elif block.kind == "json":
                assert http_examples.body_differences(block.text, printed) == []
        assert socket_examples.unexpected() == []
    finally:
        await socket_examples.close()
        await example_site.close()
    assert "Traceback" not in example_site.worker.log.read_text()
