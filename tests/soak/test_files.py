"""Long random loads on ext2: `make soak PYTEST_ARGS='-k ext2'`, SOAK_MINUTES (10 if not given)."""

import os
import time

import ext2_load
from brink import Machine
from test_ext2 import assert_clean, make_image, tool


def healthy_disks(folder, seed):
    """Three block sizes, two of the disks too small; the data are the model's and e2fsck is content."""
    images = [make_image(folder / f"disk{block}", mib, block) for block, mib in ((1024, 2), (2048, 24), (4096, 3))]
    with Machine(mem=48, swap=32, cpus=4, disks=images) as m:
        m.wait_shell()
        folders = ["/mnt/b", "/mnt/c", "/mnt/d"]
        m.run("dmesg -n 4; " + "; ".join(f"mkdir -p {d}; mount -t ext2 /dev/vd{d[-1]} {d}" for d in folders))
        out = ext2_load.load(m, folders, seed, 8000, files=3, flags="-m", timeout=3600)
        assert out.count("fsx: all passed") == 3 and out.count("fsstress: all passed") == 3, out
        m.run("; ".join(f"umount {d}" for d in folders))
        m.power_off()
    for image in images:
        assert_clean(image)


def broken_disk(folder, seed):
    image = make_image(folder / "broken", 24, (1024, 2048, 4096)[seed % 3])
    with Machine(mem=48, swap=32, cpus=4, disks=[ext2_load.broken(image, seed)]) as m:
        m.wait_shell()
        m.run("dmesg -n 1; mkdir -p /mnt")
        if m.run_status("mount -t ext2 /dev/vdb /mnt")[0] == 0:
            ext2_load.load(m, ["/mnt"], seed, 4000, flags="-e", timeout=3600)
            m.run("umount /mnt; true")
        m.power_off()
    assert tool("e2fsck", "-fy", image, check=False)[0] in (0, 1)
    assert tool("e2fsck", "-fn", image, check=False)[0] == 0


def test_random_load_on_ext2(tmp_path):
    end = time.monotonic() + 60 * float(os.environ.get("SOAK_MINUTES", "10"))
    seed = 0
    while time.monotonic() < end:
        seed += 1
        healthy_disks(tmp_path, seed)
        broken_disk(tmp_path, seed)
