"""Who imports whom, inside the project. Whatever is not listed here is not allowed."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("config", "streaming", "chat")

ARROWS = {
    "config.settings": {"config"},
    "config.urls": {"config.logins", "streaming.urls", "chat.urls"},
    "config.logins": {"streaming.openings", "streaming.rate"},
    "config.asgi": {
        "chat.routing",
        "config.lifespan",
        "config.probes",
        "config.threads",
        "config.turnstile",
        "config.workers",
        "streaming.handover",
    },
    "config.flow": {"chat.figures"},
    "config.probes": {"chat.reports", "config.metrics", "config.readiness"},
    "config.readiness": {"chat.loops", "chat.models", "config.lifespan"},
    "config.metrics": {
        "chat.figures",
        "chat.relay",
        "chat.reports",
        "chat.tails",
        "config.lifespan",
        "streaming.refusals",
        "streaming.responses",
    },
    "config.lifespan": {"chat.leaving", "config.cycle", "streaming.responses"},
    "config.turnstile": {
        "chat.rooms",
        "chat.taps",
        "config.lifespan",
        "config.probes",
        "streaming.responses",
        "streaming.sse",
    },
    "config.site": {"chat.live", "config.logins"},
    "config.sessions": {"chat.dismissals"},
    "config.protocols": {"chat.figures", "config.flow", "config.framing", "config.lean"},
    "config.server": {
        "config",
        "config.cycle",
        "config.endpoints",
        "config.flow",
        "config.leftovers",
        "config.loop",
        "config.parts",
        "config.protocols",
        "chat.frames",
        "streaming.player",
    },
    "config.management.commands.preflight": {"config.workers"},
    "config.management.commands.runserver": {"config.server"},
    "config.management.commands.demo": {"chat.models", "streaming.models"},
    "streaming.models": {"streaming.sse"},
    "streaming.playback": {
        "streaming.graphemes",
        "streaming.models",
        "streaming.pace",
        "streaming.reading",
        "streaming.sse",
    },
    "streaming.reading": {"streaming.pace", "streaming.sse"},
    "streaming.player": {"streaming.beat", "streaming.reading"},
    "streaming.openings": {"streaming.rate", "streaming.refusals"},
    "streaming.responses": {
        "streaming.handover",
        "streaming.openings",
        "streaming.refusals",
        "streaming.sse",
    },
    "streaming.views": {
        "streaming.models",
        "streaming.playback",
        "streaming.player",
        "streaming.responses",
    },
    "streaming.urls": {"streaming.views"},
    "streaming.admin": {"streaming.graphemes", "streaming.models", "streaming.sse"},
    "chat.members": {"chat.models", "streaming.graphemes"},
    "chat.presence": {"chat.members"},
    "chat.log": {"chat.entries", "chat.loops", "chat.models", "chat.statements"},
    "chat.relay": {"chat.loops"},
    "chat.doorbell": {"chat.log", "chat.relay"},
    "chat.commit": {"chat.kept", "chat.log", "chat.loops"},
    "chat.appender": {"chat.commit", "chat.figures", "chat.log", "chat.loops"},
    "chat.marks": {"chat.commit", "chat.log", "chat.loops", "chat.models"},
    "chat.whispers": {"chat.frames", "chat.loops", "chat.relay"},
    "chat.rollcall": {
        "chat.loops",
        "chat.members",
        "chat.presence",
        "chat.relay",
        "chat.whispers",
    },
    "chat.dismissals": {"chat.loops", "chat.relay", "chat.rollcall"},
    "chat.revocations": {"chat.dismissals", "chat.members", "chat.models"},
    "chat.tail": {"chat.entries", "chat.figures", "chat.log", "chat.loops"},
    "chat.reader": {"chat.entries", "chat.figures", "chat.tail"},
    "chat.tails": {
        "chat.appender",
        "chat.dismissals",
        "chat.doorbell",
        "chat.log",
        "chat.loops",
        "chat.reader",
        "chat.relay",
        "chat.tail",
    },
    "chat.rooms": {
        "chat.appender",
        "chat.commit",
        "chat.entries",
        "chat.figures",
        "chat.log",
        "chat.marks",
        "chat.members",
        "chat.models",
        "chat.presence",
        "streaming.rate",
        "streaming.refusals",
        "chat.tails",
        "chat.whispers",
        "streaming.graphemes",
    },
    "chat.names": {"chat.members", "chat.presence", "chat.rollcall", "chat.rooms"},
    "chat.taps": {
        "chat.frames",
        "chat.members",
        "chat.models",
        "chat.names",
        "chat.rooms",
        "chat.reader",
        "chat.tail",
        "chat.tails",
    },
    "chat.pulse": {"chat.loops"},
    "chat.socket": {
        "streaming.handover",
        "streaming.openings",
        "chat.dismissals",
        "chat.frames",
        "chat.held",
        "chat.members",
        "chat.presence",
        "chat.pulse",
        "streaming.rate",
        "streaming.refusals",
        "chat.rollcall",
        "chat.rooms",
        "chat.taps",
    },
    "chat.following": {
        "chat.dismissals",
        "chat.held",
        "chat.frames",
        "chat.models",
        "chat.rollcall",
        "chat.rooms",
        "chat.socket",
        "chat.reader",
        "chat.tail",
        "chat.taps",
        "chat.whispers",
    },
    "chat.consumers": {
        "chat.following",
        "chat.frames",
        "chat.loops",
        "chat.marks",
        "chat.members",
        "streaming.rate",
        "chat.rooms",
        "chat.socket",
        "chat.taps",
    },
    "chat.lines": {
        "chat.dismissals",
        "chat.entries",
        "chat.rollcall",
        "chat.rooms",
        "chat.socket",
        "chat.tail",
        "chat.taps",
    },
    "chat.leaving": {"chat.loops", "chat.relay", "chat.rollcall", "chat.socket"},
    "chat.answers": {"chat.members", "chat.rooms", "chat.taps"},
    "chat.api": {
        "streaming.responses",
        "chat.answers",
        "chat.dismissals",
        "chat.frames",
        "chat.members",
        "chat.models",
        "chat.rollcall",
        "chat.rooms",
        "chat.reader",
        "chat.tail",
        "chat.taps",
    },
    "chat.stream": {
        "chat.answers",
        "chat.dismissals",
        "chat.frames",
        "chat.members",
        "chat.models",
        "chat.rollcall",
        "chat.rooms",
        "chat.reader",
        "chat.tail",
        "chat.taps",
        "streaming.responses",
        "streaming.sse",
    },
    "chat.overview": {"chat.figures"},
    "chat.reports": {
        "chat.figures",
        "chat.loops",
        "chat.overview",
        "chat.relay",
        "chat.rollcall",
        "chat.socket",
        "chat.tail",
        "chat.tails",
        "streaming.responses",
    },
    "chat.live": {
        "chat.dismissals",
        "chat.frames",
        "chat.members",
        "chat.models",
        "chat.overview",
        "chat.presence",
        "chat.relay",
        "chat.reports",
        "chat.taps",
        "streaming.responses",
        "streaming.sse",
    },
    "chat.views": {"chat.members", "chat.names", "chat.rooms"},
    "chat.admin": {"chat.members", "chat.models", "chat.rooms"},
    "chat.routing": {
        "chat.consumers",
        "chat.lines",
        "chat.origin",
        "chat.sessions",
        "chat.socket",
    },
    "chat.urls": {"chat.api", "chat.stream", "chat.views"},
}
# No I/O, no Django, no clock: tested with literals.
PURE = {
    "streaming.graphemes": {"regex"},
    "streaming.pace": {"dataclasses"},
    "streaming.reading": {"dataclasses", "streaming"},
    "streaming.sse": {"re", "array", "collections", "dataclasses"},
    "chat.entries": {"json", "re", "collections", "dataclasses", "datetime", "typing"},
    "chat.figures": {"bisect", "collections", "weakref"},
    "chat.frames": {"json", "re", "collections", "dataclasses", "typing"},
    "chat.overview": {"collections", "typing", "chat"},
    "streaming.rate": {"collections", "dataclasses"},
}


def modules():
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if ".migrations." not in name:
                yield name.removesuffix(".__init__"), path


MODULES = dict(modules())


def imports(name):
    """Everything that a module imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_imports_only_along_its_arrows(name):
    ours = {found for found in imports(name) if found.split(".")[0] in PACKAGES}
    assert ours <= ARROWS.get(name, set())


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_module_stays_pure(name):
    found = {imported.split(".")[0] for imported in imports(name)}
    assert found <= PURE[name]


def test_the_apps_meet_where_events_are_written_and_characters_and_turns_counted():
    between = {
        arrow for name, arrows in ARROWS.items() if name.startswith("chat.") for arrow in arrows
        if arrow.startswith("streaming.")
    }  # fmt: skip
    assert between == {
        "streaming.graphemes",
        "streaming.handover",
        "streaming.openings",
        "streaming.rate",
        "streaming.refusals",
        "streaming.responses",
        "streaming.sse",
    }
    for name, arrows in ARROWS.items():
        if name.startswith("streaming."):
            assert not any(arrow.startswith("chat.") for arrow in arrows)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_nothing_is_imported_inside_a_function(name):
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
            assert not inner, f"{name}.{node.name}"
