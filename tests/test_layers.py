"""Which folder imports which, inside the project. The list is exact: an arrow that is not listed
fails, and so does one that is listed and not used."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# From the top down. A package imports only packages that stand after it.
PACKAGES = ("config", "chat", "streaming", "realtime")
MODULES_PER_FOLDER = 17

ARROWS = {
    "chat": {
        *("chat.dashboard", "chat.identity", "chat.log", "chat.presence", "chat.protocol"),
        *("chat.transports", "realtime", "realtime.log"),
    },
    "chat.housekeeping": {"chat", "chat.identity", "chat.log"},
    "chat.management.commands": {"chat", "chat.housekeeping"},
    "chat.dashboard": {
        *("chat", "chat.identity", "chat.presence", "chat.protocol", "chat.transports"),
        *("realtime", "realtime.log"),
    },
    "chat.identity": {"chat", "realtime"},
    "chat.log": {"chat", "chat.protocol", "realtime", "realtime.log"},
    "chat.protocol": {"realtime"},
    "chat.presence": {"chat.identity", "chat.protocol", "realtime"},
    "chat.transports": {
        *("chat", "chat.identity", "chat.log", "chat.presence", "chat.protocol"),
        *("realtime", "realtime.log", "realtime.requests"),
    },
    "config": {
        *("chat", "chat.dashboard", "chat.housekeeping", "config.database.postgresql"),
        *("config.worker", "realtime", "realtime.requests"),
    },
    "config.database": {"realtime"},
    "config.database.postgresql": {"config.database"},
    "config.database.sqlite3": {"config.database"},
    "config.management.commands": {
        *("chat", "chat.housekeeping", "config", "config.database.postgresql"),
        *("config.server", "config.worker", "streaming"),
    },
    "config.server": {"realtime", "realtime.requests"},
    "config.worker": {"chat", "realtime", "realtime.requests"},
    "realtime": {"realtime.log", "realtime.requests"},
    "realtime.log": {"realtime"},
    "streaming": {"realtime", "streaming.texts"},
    "streaming.texts": {"realtime", "streaming"},
}
# No I/O, no Django, no clock: tested with literals. What each may import from outside itself.
PURE = {
    "chat.dashboard.overview": {"collections", "collections.abc", "typing"},
    "chat.protocol.commands": {"collections.abc", "dataclasses", "json", "re", "typing"},
    "chat.protocol.entries": {"collections.abc", "datetime", "json", "typing"},
    "chat.protocol.frames": {"collections.abc", "json"},
    "realtime.counters": {
        *("bisect", "collections", "collections.abc", "threading", "typing", "weakref"),
    },
    "realtime.errors": {"collections.abc", "dataclasses", "typing"},
    "realtime.extensions": {"collections.abc", "typing"},
    "realtime.log.cursor": {"dataclasses", "re"},
    "realtime.log.store": {"collections.abc", "dataclasses", "typing"},
    "realtime.requests.networks": {"collections.abc", "ipaddress"},
    "realtime.graphemes": {"regex"},
    "realtime.rate_limit": {"collections.abc", "dataclasses"},
    "realtime.sse": {"array", "collections.abc", "dataclasses", "re"},
    "streaming.texts.schedule": {"dataclasses"},
}


def modules():
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if ".migrations." not in name:
                yield name.removesuffix(".__init__"), path


MODULES = dict(modules())
FOLDERS = {name: path.name == "__init__.py" for name, path in MODULES.items()}


def folder(module):
    """The folder of a module, as a dotted name."""
    return module if FOLDERS[module] else module.rpartition(".")[0]


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


def arrows():
    """Folder -> the other folders that its modules import."""
    found = {}
    for name in MODULES:
        ours = {folder(other) for other in imports(name) if other in MODULES}
        found.setdefault(folder(name), set()).update(ours - {folder(name)})
    return {name: others for name, others in found.items() if others}


def test_folders_import_exactly_along_the_listed_arrows():
    assert arrows() == ARROWS


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_downwards(package):
    below = PACKAGES[PACKAGES.index(package) :]
    for name in MODULES:
        if name.split(".")[0] == package:
            tops = {other.split(".")[0] for other in imports(name)} & set(PACKAGES)
            assert tops <= set(below), name


def test_the_server_imports_realtime_at_most():
    for name in MODULES:
        if name.startswith("config.server"):
            ours = {other for other in imports(name) if other in MODULES}
            assert all(other.startswith(("config.server", "realtime")) for other in ours), name


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_module_imports_only_pure_modules(name):
    assert set(imports(name)) - set(PURE) <= PURE[name]


def test_no_folder_has_too_many_modules():
    counts = {}
    for name in MODULES:
        if not FOLDERS[name]:
            counts[folder(name)] = counts.get(folder(name), 0) + 1
    assert {name: n for name, n in counts.items() if n > MODULES_PER_FOLDER} == {}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_nothing_is_imported_inside_a_function(name):
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
            assert not inner, f"{name}.{node.name}"
