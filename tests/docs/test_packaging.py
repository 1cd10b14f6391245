"""What is released: built anywhere at any time it is the same bytes, and it holds what it should and nothing else."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.support.hosts import absent
from tests.support.paths import ROOT

pytestmark = pytest.mark.host

_PACKAGE = ROOT / "pts_errors"
# 1 January 2024; any other time would do.
_EPOCH = "1704067200"


def _run(*arguments: str, where: Path, umask: int = 0o022, epoch: str = _EPOCH) -> str:
    """Run a module of this Python in a folder; its output is shown when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=where,
        env={**os.environ, "SOURCE_DATE_EPOCH": epoch, "COLUMNS": "200"},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _build(source: Path, target: Path, *options: str, umask: int = 0o022, epoch: str = _EPOCH) -> Path:
    """Return the one file that was built."""
    _run(
        "build",
        "--no-isolation",
        *options,
        "--outdir",
        str(target),
        str(source),
        where=source,
        umask=umask,
        epoch=epoch,
    )
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the builds of this module lie; skip loudly without the tools, and fail where all must be tested."""
    missing = [
        name for name in ("build", "check_wheel_contents", "hatchling", "twine") if not importlib.util.find_spec(name)
    ]
    if missing:
        absent(f"The dependency group package is not installed ({', '.join(missing)}), so nothing was built.")
    return tmp_path_factory.mktemp("packaging")


@pytest.fixture(scope="module")
def sdist(folder: Path) -> Path:
    """Return the source distribution of this tree."""
    return _build(ROOT, folder / "sdist", "--sdist")


@pytest.fixture(scope="module")
def wheel(folder: Path) -> Path:
    """Return the wheel of this tree."""
    return _build(ROOT, folder / "wheel", "--wheel")


@pytest.fixture(scope="module")
def unpacked(folder: Path, sdist: Path) -> Path:
    """Return the source distribution as a distributor has it: elsewhere, with other times and permissions."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "elsewhere", filter="data")
    (tree,) = (folder / "elsewhere").iterdir()
    for path in [tree, *tree.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return tree


def test_the_source_distribution_of_the_source_distribution_is_the_same_bytes(folder, sdist, unpacked):
    """Nothing of the place, the time, the umask or the permissions gets into it."""
    again = _build(unpacked, folder / "sdist-again", "--sdist", umask=0o077)

    assert again.name == sdist.name
    assert again.read_bytes() == sdist.read_bytes()


def test_the_wheel_of_the_source_distribution_is_the_same_bytes(folder, wheel, unpacked):
    """Whoever builds from the one release file gets the other one."""
    again = _build(unpacked, folder / "wheel-again", "--wheel", umask=0o077)

    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_the_time_of_a_build_is_the_one_that_is_asked_for(folder, wheel, unpacked):
    """So the comparisons above compare something: another time gives other bytes with the same content."""
    later = _build(unpacked, folder / "wheel-later", "--wheel", epoch="1735689600")

    assert later.read_bytes() != wheel.read_bytes()
    with zipfile.ZipFile(later) as one, zipfile.ZipFile(wheel) as other:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    """Every file of it: modules, fixtures, templates, styles and scripts, and words with their compiled form."""
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in _PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert names == expected
    assert {Path(name).suffix for name in names} == {".css", ".html", ".js", ".json", ".mo", ".po", ".py", ".typed"}
    assert {name.removesuffix(".mo") for name in names if name.endswith(".mo")} == {
        name.removesuffix(".po") for name in names if name.endswith(".po")
    }


def test_the_tools_of_the_index_find_nothing(sdist, wheel):
    """The long description renders, the metadata is complete, and no module lies where it cannot be imported."""
    _run("twine", "check", "--strict", str(sdist), str(wheel), where=ROOT)
    _run("check_wheel_contents", str(wheel), where=ROOT)


def test_the_metadata_names_every_python_that_it_allows(wheel):
    """A reader of the index sees the versions that are tested."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()

    assert f"Requires-Python: {project['requires-python']}\n" in metadata
    assert [line.rpartition(" ")[2] for line in metadata.splitlines() if ":: Python :: 3." in line] == [
        "3.11",
        "3.12",
        "3.13",
        "3.14",
    ]
    assert "License-File: LICENSE\n" in metadata


def test_a_distributor_can_run_the_tests(unpacked):
    """Those that read what lies beside the package."""
    modules = [f"tests/{name}.py" for name in ("commands/test_pts_compile", "docs/test_docs", "docs/test_readme")]

    answer = _run("pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *modules, where=unpacked)

    assert " passed" in answer
