"""Imports point one way: from wing to wing to the left only, never in a circle; and importing the package is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "trajectories"
WINGS = (
    *(
        "errors",
        "lazy_sequence",
        "kernels",
        "model",
        "systems",
        "master",
        "counting",
        "sampling",
        "runfiles",
        "results",
        "report",
    ),
    *("running", "records", "figures", "result", "studies", "exact", "api", "cli"),
)
"""In the order of dependence: a wing imports itself and what stands to its left. The root itself stands above all."""
HEAVY = ("numba", "scipy", "matplotlib", "h5py", "tqdm", "qutip", "mpi4py")
KERNELS_MAY_IMPORT = ("__future__", "numba", "llvmlite", "numpy", "math", "typing", "trajectories.kernels")
# The cache folder is named before anything is compiled, from the sources and the machine: by __init__ alone.
KERNELS_INIT_MAY_IMPORT = (*KERNELS_MAY_IMPORT, *sys.stdlib_module_names)
# What only some wings may import, from outside the package.
OUTSIDE = {
    "h5py": ("results",),
    "mpi4py": ("running",),
    "matplotlib": ("figures",),
    "numba": ("kernels",),
}
VERSION = "trajectories.__version__"  # the one name that the root hands down


def module_name(path: Path) -> str:
    """The absolute name of a module of the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "trajectories" else ("trajectories", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for top in (PACKAGE, ROOT / "kernels") for path in sorted(top.rglob("*.py"))}


def imported(source: str, module: str, package: bool = False) -> set[str]:
    """Absolute names of everything that a module's source imports, wherever in the code, for types alone as well."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")[: len(module.split(".")) + package - node.level] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def modules(names: Iterable[str], files: Iterable[str]) -> set[str]:
    """The modules of the package that these imported names are, or belong to."""
    found = set()
    for name in names:
        if name.split(".")[0] != "trajectories" or name == VERSION:
            continue
        while name not in files:
            name = name.rpartition(".")[0]
        found.add(name)
    return found


def wing(module: str) -> int:
    """The place of a module's wing; the root's own modules stand above all wings."""
    parts = module.split(".")
    return WINGS.index(parts[1]) if len(parts) > 1 and parts[1] in WINGS else len(WINGS)


def to_the_right(source: str, module: str, package: bool = False) -> set[str]:
    """Which modules the source imports from wings to the right of its own."""
    return {other for other in modules(imported(source, module, package), FILES) if wing(other) > wing(module)}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of a circle; none where there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_every_module_stands_in_a_wing() -> None:
    """And every wing's __init__ says what lives there."""
    own = {"trajectories", "trajectories.__main__"}
    assert [name for name in FILES if name not in own and wing(name) == len(WINGS)] == []
    for name in WINGS:
        if (PACKAGE / name).is_dir():
            assert ast.get_docstring(ast.parse((PACKAGE / name / "__init__.py").read_text())), name


@pytest.mark.parametrize("name", FILES)
def test_arrows_point_to_the_left(name: str) -> None:
    path = FILES[name]
    assert not to_the_right(path.read_text(), name, path.stem == "__init__")


@pytest.mark.parametrize("name", WINGS)
def test_no_circle_inside_a_wing(name: str) -> None:
    own = {module: path for module, path in FILES.items() if module.startswith(f"trajectories.{name}.")}
    graph = {module: modules(imported(path.read_text(), module), FILES) & set(own) for module, path in own.items()}
    assert circle(graph) == []


@pytest.mark.parametrize("path", sorted((ROOT / "kernels").glob("*.py")), ids=lambda path: path.stem)
def test_kernels_are_numba_only(path: Path) -> None:
    allowed = KERNELS_INIT_MAY_IMPORT if path.stem == "__init__" else KERNELS_MAY_IMPORT
    name = "trajectories.kernels" + ("" if path.stem == "__init__" else f".{path.stem}")
    names = imported(path.read_text(), name, path.stem == "__init__")
    other = {name for name in names if not any(name == word or name.startswith(f"{word}.") for word in allowed)}
    assert not other


@pytest.mark.parametrize("package", OUTSIDE)
def test_what_is_outside_is_imported_where_it_belongs(package: str) -> None:
    importers = {
        name
        for name, path in FILES.items()
        if any(found.split(".")[0] == package for found in imported(path.read_text(), name))
    }
    assert importers
    assert {name.split(".")[1] for name in importers} <= set(OUTSIDE[package])
    if package == "mpi4py":
        assert importers == {"trajectories.running.mpi"}


def test_a_breach_would_be_seen() -> None:
    """The checks above can fail: every way of writing an import is recognised."""
    for line in (
        "from trajectories.report.result import ResultData",
        "from trajectories.report import result",
        "from ..report.result import ResultData",
        "from ..report import result",
        "def f():\n    import trajectories.report.result as r",
        "if TYPE_CHECKING:\n    from trajectories.report.result import ResultData",
    ):
        assert to_the_right(line, "trajectories.master.lindblad") == {"trajectories.report.result"}, line
        assert not to_the_right(line, "trajectories.figures.draw"), line
    assert to_the_right("from trajectories import run", "trajectories.cli.commands") == {"trajectories"}
    assert not to_the_right("from trajectories import __version__", "trajectories.cli.parser")
    assert not to_the_right("from trajectories.errors import InputError", "trajectories.model.model")
    assert to_the_right("from .report import x", "trajectories.errors") == {"trajectories.report"}
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) and not circle({"a": {"b", "c"}, "b": {"c"}})


@pytest.mark.parametrize("module", ["trajectories", "trajectories.cli.main", "trajectories.results.ownership"])
def test_importing_is_cheap(module: str) -> None:
    code = f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        == "\n"
    )


def test_public_names_are_there() -> None:
    code = "import trajectories as t; print(*[name for name in t.__all__ if getattr(t, name, None) is None])"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        == "\n"
    )
