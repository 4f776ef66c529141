"""Make the gallery's pictures: python runs/gallery/make.py [NAME ...]   (all that are here, where no name is given)

Each NAME.png is the picture of runs/NAME.toml, sampled at its default size (minutes each), or exact with --exact
(seconds each); curves in 256 colours. Result files are left in the folder --work: a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from PIL import Image

GALLERY = Path(__file__).parent
RUNS = GALLERY.parent


def make(name: str, work: Path, exact: bool) -> int:
    """Run runs/NAME.toml in the folder work and put its picture here; return the exit status."""
    picture = work / f"{name}.png"
    command = ["figure", "--exact", "-o", picture] if exact else ["run", "--quiet", "-o", picture.with_suffix(".h5")]
    run = RUNS / f"{name}.toml"
    words = [sys.executable, "-m", "trajectories", *map(str, command), str(run.resolve())]
    status = subprocess.run(words, check=False).returncode
    if picture.exists() and status in (0, 1, 3):
        image = Image.open(picture).convert("RGB")
        # Few colours would show as bands in the maps.
        image = image if "\nz = " in run.read_text() else image.quantize(256)
        image.save(GALLERY / picture.name, optimize=True)
    print(f"{name}: exit status {status}", flush=True)
    return status


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("names", nargs="*")
    words.add_argument("--exact", action="store_true")
    words.add_argument("--work", type=Path, default=Path("gallery"))
    given = words.parse_args()
    here = sorted(path.stem for path in GALLERY.glob("*.png") if (RUNS / f"{path.stem}.toml").exists())
    given.work.mkdir(parents=True, exist_ok=True)
    return max(make(name, given.work.resolve(), given.exact) for name in given.names or here)


if __name__ == "__main__":
    sys.exit(main())
