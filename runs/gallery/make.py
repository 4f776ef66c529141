"""Make the gallery's pictures: python runs/gallery/make.py [NAME ...]   (all that are here, where no name is given)

Each NAME.png is the picture of a run file, in runs/papers by the script beside it, sampled at its default size (minutes
each), or exact with --exact (seconds each); two are those of another command on a result. Curves in 256 colours. Result
files are left in the folder --work: a run that was stopped goes on.
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
COUNTING = "dot_violation counting --waiting h_up_0+h_up_1,c_down_0+c_down_1 --g2 c_down_0+c_down_1,c_down_0+c_down_1"
COUNTING += " --spectrum c --first-passage h=20 --trajectories 1e5"
COMMANDS = {"counting": COUNTING.split(), "diamond_theorems": ["diamond_theorem", "theorems"]}
"""Pictures of another command: the run file, and the command for its result."""


def trajectories(*words: str | Path) -> int:
    """Run a command of the program and return its exit status."""
    return subprocess.run([sys.executable, "-m", "trajectories", *map(str, words)], check=False).returncode


def make(name: str, work: Path, exact: bool) -> int:
    """Sample a run file and draw its picture in the folder work, put it here, and return the exit status."""
    source, *command = COMMANDS.get(name, [name, "figure", "--exact"])
    script = (PAPERS / f"{source}.py").exists()
    run = (PAPERS if script else RUNS) / f"{source}.toml"
    picture, result, status = work / f"{name}.png", work / f"{source}.h5", 0
    if run.exists() and not exact:
        status = trajectories("run", "--quiet", *(["--no-figure"] if source != name else []), "-o", result, run)
    if name in COMMANDS or (exact and not script):
        status = max(status, trajectories(*command, "-o", picture, run if exact else result))
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
    known = [name for name in pictures if name not in COMMANDS or not given.exact]
    given.work.mkdir(parents=True, exist_ok=True)
    return max(make(name, given.work.resolve(), given.exact) for name in given.names or known)


if __name__ == "__main__":
    sys.exit(main())
