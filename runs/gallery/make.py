"""Make the gallery's pictures: python runs/gallery/make.py [NAME ...]   (all that are here, where no name is given)

Each NAME.png is the picture of a run file, in runs/papers by the script beside it, sampled at its default size (minutes
each), or exact with --exact (seconds each); curves in 256 colours. Result files are left in the folder --work: a run
that was stopped goes on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from PIL import Image

GALLERY = Path(__file__).parent
RUNS = GALLERY.parent
PAPERS = RUNS / "papers"
sys.path.insert(0, str(PAPERS))
MAPS = ("diamond_map", "dot_violation_map", "khandelwal_fig5", "man_fig2a", "man_fig7a", "man_fig7b", "tacchino_fig1")
MAPS += ("tacchino_fig3",)
"""Beginnings of the names of maps, in which few colours would show as bands."""


def make(name: str, work: Path, exact: bool) -> int:
    """Sample a run file and draw its picture in the folder work, put it here, and return the exit status."""
    script = (PAPERS / f"{name}.py").exists()
    run = (PAPERS if script else RUNS) / f"{name}.toml"
    picture, status = work / f"{name}.png", 0
    if run.exists() and not (exact and script):
        command = ["figure", "--exact", "-o", picture] if exact else ["run", "--quiet", "-o", work / f"{name}.h5"]
        status = subprocess.run(
            [sys.executable, "-m", "trajectories", *map(str, command), str(run)], check=False
        ).returncode
    if script and status in (0, 1, 3):
        style, module = import_module("style"), import_module(name)
        style.save(module.RUN, module.CAPTION, module.draw, work, exact)
    if picture.exists() and status in (0, 1, 3):
        image = Image.open(picture).convert("RGB")
        image = image if name.startswith(MAPS) else image.quantize(256)
        image.save(GALLERY / picture.name, optimize=True)
    print(f"{name}: exit status {status}", flush=True)
    return status


def main() -> int:
    """Make the pictures that the command line names, and return the worst exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--work", type=Path, default=Path("gallery"))
    given = parser.parse_args()
    pictures = sorted(path.stem for path in GALLERY.glob("*.png"))
    known = [name for name in pictures if any((folder / f"{name}.toml").exists() for folder in (RUNS, PAPERS))]
    known += [name for name in pictures if name not in known and (PAPERS / f"{name}.py").exists()]
    given.work.mkdir(parents=True, exist_ok=True)
    return max(make(name, given.work.resolve(), given.exact) for name in given.names or known)


if __name__ == "__main__":
    sys.exit(main())
