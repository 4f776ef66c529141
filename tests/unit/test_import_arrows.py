"""Imports point one way, and importing the package is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "trajectories"
HEAVY = ("numba", "scipy", "matplotlib", "h5py", "tqdm", "qutip", "mpi4py")

# What a file may never import, at any depth of its code: names of modules inside the package, or of other packages.
UPPER = ("ensemble", "results", "report", "tables", "figures", "replay", "job", "api", "commands", "cli", "runfile")
FILES = ("storage", "ownership", "container", "h5py", "mpi4py")
FORBIDDEN = {
    # physics and statistics know neither files nor runs
    **{
        name: (*UPPER, *FILES)
        for name in (
            *(
                "operators",
                "expressions",
                "checks",
                "partners",
                "model",
                "sectors",
                "spectral",
                "master",
                "counting",
                "reversal",
            ),
            *("entanglement", "unravelling", "statistics", "forest", "columns", "exact", "preparation", "sampling"),
            *(
                "backward",
                "recordstream",
                "split",
                "fluctuation",
                "theoremcurves",
                "infimum",
                "judge",
                "sampling_moments",
                "bunching",
            ),
            *("counts", "cumulants", "transients", "scgf", "leading", "spectra", "uncertainty", "factors"),
            *("steadycounting", "countingexact", "passagespace"),
            *("guide", "population", "rare", "tiltedflow"),
        )
    },
    # the file layer and the run files know no physics
    "storage": (*UPPER, "master", "counting", "unravelling", "model"),
    "ranks": (*UPPER, "storage", "ownership", "model", "numpy"),
    "handout": (*UPPER, *FILES),
    "helper": (*UPPER, *FILES),
    "nodes": tuple(name for name in (*UPPER, *FILES) if name != "job"),
    "crew": ("ensemble", "results", "report", "tables", "figures", "api", "commands", "cli", *FILES),
    "targets": (*FILES, "ensemble", "tables", "figures", "api", "commands", "cli"),
    "pace": (*FILES, "ensemble", "tables", "figures", "api", "commands", "cli"),
    # parts of a result are put together without computing anything
    **{
        name: ("ensemble", "results", "report", "tables", "preparation", "sampling", "master", "kernels", "mpi4py")
        for name in ("merging", "parts")
    },
    "ownership": (*UPPER, "storage", "master", "model", "h5py"),
    "runfile": ("ensemble", "results", "report", "master", "unravelling", *FILES),
    "runtext": ("numpy", "model", "systems", "runfile", *FILES),
    "schema": ("numpy", "model", "systems", "ensemble"),
    # formulas and the exact side of sweeps sample nothing and know no files
    "formulas": ("model", "systems", "master", "runfile", *FILES),
    **{
        name: (
            "ensemble",
            "results",
            "report",
            "tables",
            "figures",
            "job",
            "sampling",
            "kernels",
            "unravelling",
            *FILES,
        )
        for name in ("derived", "optimum", "threshold", "steady")
    },
    # the rows of a report know neither files nor how they are printed
    **{
        name: (*FILES, "ensemble", "tables", "countingtables", "figures", "job", "api", "commands", "cli")
        for name in (
            *("countingreport", "countingasked"),
            *("recordrows", "recordedwaits", "recordedspectrum", "recordedpassages"),
        )
    },
    # the papers' claims are judged on the deterministic side alone
    **{
        name: (*UPPER, *FILES, "sampling", "kernels", "unravelling")
        for name in ("claims", "claimed", "claimed_tacchino", "claimed_brask", "claimed_khandelwal", "claimed_man")
    },
    # pictures compute no physics: curves.py asks the deterministic side for its lines, the rest draws
    "figures": ("master", "counting", "unravelling", "sampling", "kernels"),
    **{
        name: ("master", "exact", "counting", "sampling", "kernels")
        for name in ("panels", "portraits", "typography", "countingfigure", "theoremfigure")
    },
    # a figure's exact side is drawn without anything that samples, or prepares to
    "sampledside": ("matplotlib", "ensemble", "sampling", "kernels", "runfile", "steady"),
    "picture": ("matplotlib", "results", "steady", "formulas"),
    **{
        name: ("preparation", "sampling", "kernels", "ensemble", "results", "report", "rows", "numba")
        for name in (
            *("figurekeys", "figuretable", "figurewords", "exactside", "paperfigure"),
            *("sweepcurves", "sweepmaps", "sweepfigure"),
        )
    },
}
KERNELS_MAY_IMPORT = ("__future__", "numba", "llvmlite", "numpy", "math", "typing", "trajectories.kernels")
# The cache folder is named before anything is compiled, from the sources and the machine: by __init__ alone.
KERNELS_INIT_MAY_IMPORT = (*KERNELS_MAY_IMPORT, *sys.stdlib_module_names)


def imported(source: str, module: str) -> set[str]:
    """Absolute names of everything that a module's source imports, wherever in the code.

    module: the module's own absolute name, with ".__init__" for a package.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def typing_only(source: str) -> str:
    """The source without its `if TYPE_CHECKING:` blocks, which import nothing when the program runs."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return ast.unparse(tree)


def breaches(source: str, module: str, forbidden: tuple[str, ...]) -> set[str]:
    """Which of the forbidden names (inside the package or outside) the source imports."""
    names = imported(typing_only(source), module)
    return {
        word
        for word in forbidden
        if any(name == full or name.startswith(f"{full}.") for name in names for full in (word, f"trajectories.{word}"))
    }


@pytest.mark.parametrize("name", FORBIDDEN)
def test_arrows_point_one_way(name: str) -> None:
    path = PACKAGE / f"{name}.py"
    assert not breaches(path.read_text(), f"trajectories.{name}", FORBIDDEN[name])


@pytest.mark.parametrize("path", sorted((PACKAGE / "systems").glob("*.py")), ids=lambda path: path.stem)
def test_systems_know_models_only(path: Path) -> None:
    forbidden = (*UPPER, *FILES, "master", "unravelling", "kernels", "statistics")
    assert not breaches(path.read_text(), f"trajectories.systems.{path.stem}", forbidden)


@pytest.mark.parametrize("path", sorted((ROOT / "kernels").glob("*.py")), ids=lambda path: path.stem)
def test_kernels_are_numba_only(path: Path) -> None:
    allowed = KERNELS_INIT_MAY_IMPORT if path.stem == "__init__" else KERNELS_MAY_IMPORT
    names = imported(path.read_text(), f"trajectories.kernels.{path.stem}")
    other = {name for name in names if not any(name == word or name.startswith(f"{word}.") for word in allowed)}
    assert not other


def test_one_file_imports_mpi() -> None:
    files = [*PACKAGE.glob("*.py"), *(PACKAGE / "systems").glob("*.py"), *(ROOT / "kernels").glob("*.py")]
    importers = {path.stem for path in files if breaches(path.read_text(), f"trajectories.{path.stem}", ("mpi4py",))}
    assert importers == {"ranks"}


def test_a_breach_would_be_seen() -> None:
    """The checks above can fail: every way of writing an import is recognised."""
    for line in (
        "from trajectories.results import Result",
        "from trajectories import results",
        "from .results import Result",
        "from . import results",
        "def f():\n    import trajectories.results as r",
    ):
        assert breaches(line, "trajectories.master", ("results",)) == {"results"}
    assert breaches("import scipy.sparse", "trajectories.schema", ("scipy",)) == {"scipy"}
    assert breaches("from ..results import x", "trajectories.systems.diamond", ("results",)) == {"results"}
    assert not breaches("if TYPE_CHECKING:\n    from .results import x", "trajectories.master", ("results",))
    assert not breaches("from .resultset import x", "trajectories.master", ("results",))


@pytest.mark.parametrize("module", ["trajectories", "trajectories.cli", "trajectories.ownership"])
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
