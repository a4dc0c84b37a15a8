"""The releases of a hosted site: copies of the code, side by side in RUN/releases.

A worker runs in the folder that the link of its name points to. So a worker that crashes comes back
with the code and the `.env` with which it ran, whatever has happened to the checkout since. The
packages in .venv are not copied: all releases use the same.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from deploy.hosting_config import ROOT, HostingConfig, read_environment

CURRENT = "current"  # the link of the processes that are no workers
MANIFEST = "staticfiles.json"  # the names of the static files, written by `collectstatic`


def create(config: HostingConfig) -> Path:
    """Copy the code of the checkout into a new release. SystemExit if it cannot be copied.

    Not copied: hidden files except `.env`, node_modules, the run folder, collected static files,
    and SQLite databases."""
    folder = config.releases_folder
    # A site that an older version started has none.
    folder.mkdir(mode=0o700, exist_ok=True)
    number = 1 + max((int(each.name) for each in folders(config)), default=0)
    unfinished = folder / f"{number}.unfinished"
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(ROOT, unfinished, symlinks=True, ignore=ignored_names(config))
        if (ROOT / ".env").exists():  # perhaps a link
            shutil.copy(ROOT / ".env", unfinished / ".env")
        return unfinished.rename(folder / str(number))
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        # copytree collects (source, target, reason) of each file.
        reason = error.args[0][0][2] if isinstance(error, shutil.Error) else error
        raise SystemExit(f"Stopped: the code cannot be copied to {folder}: {reason}") from None


def ignored_names(config: HostingConfig) -> Callable[[str, list[str]], set[str]]:
    """The function that tells shutil.copytree which names of a folder are not copied."""
    paths = {ROOT / "run", config.run_folder, config.static_root, *database_files(config)}

    def ignored(folder: str, names: list[str]) -> set[str]:
        return {
            name
            for name in names
            if name.startswith(".")
            or name == "node_modules"
            or ".sqlite3" in name
            or Path(folder, name) in paths
            or is_data(Path(folder, name))
        }

    return ignored


def is_data(path: Path) -> bool:
    """Whether this is a file beside manage.py that is no code, such as an export, a dump or a
    private key."""
    return path.parent == ROOT and path.is_file() and path.suffix != ".py"


def database_files(config: HostingConfig) -> set[Path]:
    """The SQLite file of DATABASE_URL, with its write-ahead log. Empty for another database."""
    url = read_environment().get("DATABASE_URL", "")
    if not url.startswith("sqlite:///"):
        return set()
    path = Path(config.data_root, url.removeprefix("sqlite:///"))
    return {path.with_name(path.name + end) for end in ("", "-wal", "-shm", "-journal")}


def keep_manifest(config: HostingConfig, release: Path) -> None:
    """Copy the names of the static files into the release for which they were collected. The next
    release replaces the file in the folder of the static files."""
    shutil.copyfile(config.static_root / MANIFEST, release / MANIFEST)


def of(config: HostingConfig, process: str) -> Path | None:
    """The release of a process. None if it has none."""
    link = config.releases_folder / process
    return link.resolve() if link.is_symlink() else None


def point(config: HostingConfig, process: str, release: Path | None) -> None:
    """Let a process use a release from its next start on. None: remove its link."""
    link = config.releases_folder / process
    if release is None:
        link.unlink(missing_ok=True)
        return
    new = link.with_name(f"{process}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(release.name)
    new.replace(link)


def point_all(config: HostingConfig, release: Path) -> None:
    """Let every process of a site that starts use a release, and no other process."""
    for link in config.releases_folder.iterdir():
        if link.is_symlink():
            link.unlink()
    for process in (CURRENT, *config.worker_names):
        point(config, process, release)


def folders(config: HostingConfig) -> list[Path]:
    """The folders of all releases."""
    return [each for each in config.releases_folder.iterdir() if each.name.isdecimal()]


def remove_unused(config: HostingConfig) -> None:
    """Delete the releases that no process uses."""
    used = {each.resolve() for each in config.releases_folder.iterdir() if each.is_symlink()}
    for each in folders(config):
        if each.resolve() not in used:
            shutil.rmtree(each, ignore_errors=True)
