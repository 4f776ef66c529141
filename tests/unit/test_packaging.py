"""What gets built is what gets run: the wheel holds every module once and works from another directory."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = """
[system]
name = "diamond"
beta_A = -2.0
beta_S = 3.0
[ensemble]
trajectories = 2000
duration = 1.0
samples = 2
"""
BUILD = "import sys, setuptools.build_meta as b; print(getattr(b, 'build_' + sys.argv[1])(sys.argv[2]))"


def modules() -> set[str]:
    """Every module of the checkout under the path it has once installed."""
    found = {path.relative_to(ROOT).as_posix() for path in (ROOT / "trajectories").rglob("*.py")}
    return found | {f"trajectories/kernels/{path.name}" for path in (ROOT / "kernels").glob("*.py")}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, the link included, so that building leaves nothing in the checkout."""
    copy = tmp_path_factory.mktemp("source") / "trajectories"
    ignored = shutil.ignore_patterns(
        ".git", ".venv", "venv", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", "*.h5"
    )
    shutil.copytree(ROOT, copy, symlinks=True, ignore=ignored)
    return copy


def built(kind: str, source: Path, into: Path) -> Path:
    """Build a wheel or an sdist of `source` with the setuptools that is installed."""
    command = [sys.executable, "-c", BUILD, kind, str(into)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return into / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("wheel", source, tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_every_module_once(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    assert {name for name in names if name.endswith(".py")} == modules()
    assert "trajectories/py.typed" in names
    # Never a package of the global name "kernels", which belongs to others.
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"trajectories"}


def test_the_sdist_holds_the_sources_once_and_builds_the_same_wheel(source: Path, wheel: Path, tmp_path: Path) -> None:
    sdist = built("sdist", source, tmp_path)
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
        archive.extractall(tmp_path / "unpacked", filter="data")
    in_tree = {name.replace("trajectories/kernels/", "kernels/") for name in modules()}
    package = {name for name in names if name.endswith(".py") and name.split("/")[0] in ("trajectories", "kernels")}
    assert package == in_tree
    assert {"LICENSE", "README.md", "pyproject.toml"} <= set(names)
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    again = built("wheel", unpacked, tmp_path)
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        content = [{n: z.read(n) for n in z.namelist() if n.endswith(".py")} for z in (first, second)]
    assert content[0] == content[1]


def test_the_installed_wheel_runs_from_another_directory(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=120)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True, timeout=120)
    # The dependencies of this environment, after the new one's own packages: nothing is downloaded a second time.
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    shared = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(own) / "dependencies.pth").write_text("\n".join(shared) + "\n")

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "small.toml").write_text(RUN)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    # Kernels as plain Python: compiled code is found by its place, and would be made once more for this one.
    clean["NUMBA_DISABLE_JIT"] = "1"

    def called(*command: str) -> str:
        done = subprocess.run(command, cwd=elsewhere, env=clean, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = called(
        str(python), "-c", "import trajectories.kernels as k, trajectories as t; print(t.__file__); print(k.__file__)"
    )
    assert all(line.startswith(own) for line in where.splitlines())
    report = json.loads(called(str(environment / "bin" / "trajectories"), "run", "small.toml", "--json"))
    assert report["verdict"] == "agree" and report["points"][0]["trajectories"] >= 2000
    assert {path.name for path in elsewhere.iterdir()} >= {"small.toml", "small.h5", "small.png"}


def test_versions_agree() -> None:
    import tomllib

    import trajectories

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == trajectories.__version__
    assert f"version: {trajectories.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## {trajectories.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_what_the_readme_calls_from_python_is_there() -> None:
    """Every import line of it works, and every trajectories.NAME( after `import trajectories` alone."""
    text = (ROOT / "README.md").read_text()
    imports = sorted(set(re.findall(r"from trajectories(?:\.\w+)* import \w+(?:, \w+)*", text)))
    attributes = sorted(set(re.findall(r"(?<![\w./`])`?trajectories\.([a-z]\w*)(?:\.\w+)?\(", text)))
    assert "from trajectories import exact" in imports and {"open", "run"} <= set(attributes)
    lines = ["import trajectories", *(f"trajectories.{name}" for name in attributes), *imports]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "install 'trajectories" not in text and '"trajectories[' not in text
