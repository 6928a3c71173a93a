"""What the common paths cost, counted in instructions: the same on every host, however slow.

The limits are issue 2's, and Linux's own figures, with half as much again: another compiler makes other code, but not that much more.
"""

import pathlib
import sys

from brink import BUILD

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import bench


def test_the_common_paths_stay_short():
    rows = {name: int(value) for name, value in bench.boot(BUILD / "brink.elf", BUILD / "initramfs.cpio.gz", [], "limits")}
    over = {name: rows.get(name) for name, limit in bench.LIMITS.items() if not rows.get(name, limit * 2) < limit * 1.5}
    assert not over, f"instructions: {over}, limits: {bench.LIMITS}"
