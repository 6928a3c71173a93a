"""ext2: what Brink writes, e2fsck and debugfs on the host read, and the other way round."""

import hashlib
import os
import pathlib
import re
import subprocess

import pytest

from brink import Machine, ROOT

PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


def tool(*args, check=True, **kwargs):
    """A program of e2fsprogs on the host: (status, output)."""
    run = subprocess.run([str(a) for a in args], capture_output=True, text=True, env={**os.environ, "PATH": PATH}, **kwargs)
    if check and run.returncode:
        raise AssertionError(f"{args}: status {run.returncode}\n{run.stdout}{run.stderr}")
    return run.returncode, run.stdout + run.stderr


def make_image(path, mib=32, block=1024, source=None, *extra, fs="ext2"):
    with open(path, "wb") as f:
        f.truncate(mib << 20)
    tool("mke2fs", "-q", "-F", "-t", fs, "-b", block, *(("-d", source) if source else ()), *extra, path)
    return path


def assert_clean(path):
    """The file system needs no repair, and was unmounted."""
    status, text = tool("e2fsck", "-fn", path, check=False)
    assert status == 0, text
    assert "clean" in tool("dumpe2fs", "-h", path)[1].split("Filesystem state:")[1].split("\n")[0]


def tree_sums(folder):
    """Path -> md5 of each file below @folder on the host."""
    return {str(p.relative_to(folder)): hashlib.md5(p.read_bytes()).hexdigest()
            for p in pathlib.Path(folder).rglob("*") if p.is_file() and not p.is_symlink()}


def image_sums(path, tmp):
    """The same of an image's root, read by debugfs."""
    out = tmp / "dump"
    out.mkdir()
    tool("debugfs", "-R", f"rdump / {out}", path)
    return tree_sums(out)


def guest_sums(m, folder):
    text = m.run(f"cd {folder} && find . -type f | xargs md5sum; cd /")
    return {name[2:]: digest for digest, name in re.findall(r"^([0-9a-f]{32})  (\S+)$", text, re.M)}


@pytest.fixture
def images(tmp_path):
    """One disk with each block size, holding Brink's own sources; in the guest /mnt/1024 … /mnt/4096."""
    return {b: make_image(tmp_path / f"{b}.img", 32, b, ROOT / "kernel/fs") for b in (1024, 2048, 4096)}


def mount_all(m, images, options=""):
    for disk, block in zip("abc", images):
        m.run(f"mkdir -p /mnt/{block}; mount -t ext2 {options} /dev/vd{disk} /mnt/{block}")


def unmount_all(m, images):
    for block in images:
        m.run(f"umount /mnt/{block}")


def test_files_and_names_of_every_block_size(images, tmp_path):
    expected = tree_sums(ROOT / "kernel/fs")
    with Machine(mem=128, disks=images.values()) as m:
        m.wait_shell()
        mount_all(m, images)
        for block in images:
            assert guest_sums(m, f"/mnt/{block}") == expected
            m.run(f"cd /mnt/{block}; mkdir d; cp -r ext2 d/; echo hello > d/x; ln d/x d/y; ln -s d/x z; mv d/ext2 d/e3; "
                  "rm -r ext2; head -c 5000000 /dev/urandom > big; md5sum big > big.md5; echo gone > d/rm; rm d/rm; cd /")
            assert m.run(f"cat /mnt/{block}/z").strip() == "hello"
            assert m.run(f"stat -c %h /mnt/{block}/d/x").strip() == "2"
        unmount_all(m, images)
        mount_all(m, images, "-o ro")
        seen = {}
        for block in images:
            m.run(f"cd /mnt/{block} && md5sum -c big.md5; cd /")
            assert m.run_status(f"touch /mnt/{block}/no")[0] != 0
            seen[block] = guest_sums(m, f"/mnt/{block}")
        unmount_all(m, images)
        m.power_off()
    for block, path in images.items():
        assert_clean(path)
        work = tmp_path / str(block)
        work.mkdir()
        assert image_sums(path, work) == seen[block]
        assert {n: s for n, s in seen[block].items() if "/" not in n and n[:3] != "big"} == \
            {n: s for n, s in expected.items() if "/" not in n}
