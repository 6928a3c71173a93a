"""Swap areas, several at once: priorities, files, bad blocks, swapoff under load, disks that fail."""

import os
import re
import struct
import subprocess

from brink import MKSWAP, Machine
from test_ext2 import assert_clean, make_image


# Waits until so many kB are in use.
FILLED = "until [ $(awk '{s+=$4} END {print s}' /proc/swaps) -gt %d ]; do sleep 1; done; "


def area(path, mib):
    with open(path, "wb") as f:
        f.truncate(mib << 20)
    os.chmod(path, 0o600)
    subprocess.run([MKSWAP, "-q", path], check=True)
    return path


def swaps(m):
    """{name: (type, size, used, priority)} in the file's order; kB."""
    return {n: (t, int(s), int(u), int(p))
            for n, t, s, u, p in re.findall(r"^(/\S+) +(\w+)\t+(\d+)\t+(\d+)\t+(-?\d+)", m.run("cat /proc/swaps"), re.M)}


def balanced(m, before):
    after = m.settled()
    assert before["MemFree"] - after["MemFree"] < 1500, (before, after)
    assert abs(after["Committed_AS"] - before["Committed_AS"]) < 512


def test_priorities(tmp_path):
    """Higher first until it is full; equal ones in turn; without one -2, -3, …"""
    with Machine(mem=96, cpus=2, highmem=0, disks=(area(tmp_path / "a", 16), area(tmp_path / "b", 48), area(tmp_path / "c", 64))) as m:
        m.wait_shell()
        before = m.settled()
        m.run("swapon /dev/vda; swapon /dev/vdb; swapon /dev/vdc")
        assert [(n, s[3]) for n, s in swaps(m).items()] == [("/dev/vda", -2), ("/dev/vdb", -3), ("/dev/vdc", -4)]
        m.run("swapoff /dev/vdb; swapprio /dev/vdb 10; swapoff /dev/vda; swapprio /dev/vda 20")
        assert [(n, s[3]) for n, s in swaps(m).items()] == [("/dev/vda", 20), ("/dev/vdb", 10), ("/dev/vdc", -2)]
        assert "swapcheck: intact" in m.run("swapcheck 1 125 1 stay & P=$!; " + FILLED % 30000 + "cat /proc/swaps; kill -USR1 $P; wait $P", 120)
        used = {n: int(u) for n, u in re.findall(r"^(/\S+) +partition\t+\d+\t+(\d+)", m.console, re.M)}
        # the next only when one is full, but what is read back leaves holes: how much, is a matter of the host's speed
        assert used["/dev/vda"] > 8000 and used["/dev/vdb"] > 5000, used
        assert used["/dev/vdc"] == 0 or used["/dev/vdb"] > 30000, used
        m.run("for d in a b c; do swapoff /dev/vd$d; swapprio /dev/vd$d 7; done", 60)
        m.run("swapcheck 1 125 1 stay & P=$!; " + FILLED % 30000 + "cat /proc/swaps; kill -USR1 $P; wait $P", 120)
        used = dict(re.findall(r"^(/dev/vd.) +partition\t+\d+\t+(\d+)", m.console, re.M)[-3:])
        a, b, c = (int(used[f"/dev/vd{d}"]) for d in "abc")
        # by turns; once the smallest (16 MiB) is full the others go on, and what is read back leaves holes in it
        assert abs(b - c) < 2000 and min(b, c) > 3000, used
        assert abs(a - b) < 2000 or (a < b and b > 14000 and a > 8000), used
        m.run("for d in a b c; do swapoff /dev/vd$d; done", 60)
        balanced(m, before)


def test_headers(tmp_path):
    """Each thing that can be wrong with a header is told; bad blocks are never used."""
    path = area(tmp_path / "a", 16)
    good = path.read_bytes()

    def variant(name, at, data, size=16 << 20):
        p = tmp_path / name
        p.write_bytes((good[:at] + data + good[at + len(data):])[:size])
        return p

    bad = list(range(100, 400))
    disks = (variant("magic", 4086, b"SWAPSPACE9"), variant("version", 1024, b"\2"), variant("short", 0, b"", 8 << 20),
             variant("empty", 1028, bytes(4)), variant("toomany", 1032, struct.pack("<I", 700)),
             variant("wild", 1032, struct.pack("<I", 1) + bytes(500) + struct.pack("<I", 1 << 30)),
             variant("bad", 1032, struct.pack("<I", len(bad)) + bytes(500) + struct.pack(f"<{len(bad)}I", *bad)),
             variant("tiny", 0, b"", 2048))
    with Machine(mem=96, highmem=0, disks=disks) as m:
        m.wait_shell()
        for disk, why in (("a", "Unable to find swap-space signature"), ("b", "Unable to handle swap header version 2"),
                          ("c", "Swap area shorter than signature indicates"), ("d", "Empty swap-file"), ("e", ""), ("f", ""),
                          ("h", "")):
            status, out = m.run_status(f"swapon /dev/vd{disk}")
            assert status and "Invalid argument" in out and why in out, (disk, out)
        m.run("swapon /dev/vdg")
        assert swaps(m)["/dev/vdg"][1] == 16380 - 1200
        status, out = m.run_status("swapon /dev/vdg")
        assert status and "busy" in out
        m.run("swapcheck 1 85 1", 120)
        m.run("swapoff /dev/vdg")
        # The bad blocks were not written to.
        m.run("dd if=/dev/vdg bs=4k skip=100 count=300 2>/dev/null | tr -d '\\000' | wc -c | grep '^0$'")


def test_files(tmp_path):
    """Swap files on ext2 with each size of blocks, one of them scattered."""
    disks = [make_image(tmp_path / f"{b}", 96, b) for b in (1024, 4096)]
    with Machine(mem=96, cpus=4, highmem=0, disks=disks) as m:
        m.wait_shell()
        m.run("mkdir /m0 /m1; mount -t ext2 /dev/vda /m0; mount -t ext2 /dev/vdb /m1")
        before = m.settled()
        # Scattered: a file between each two pieces of it.
        m.run("i=0; while [ $i -lt 64 ]; do dd if=/dev/zero bs=64k count=8 2>/dev/null >> /m0/swap; "
              "dd if=/dev/zero of=/m0/x$i bs=4k count=1 2>/dev/null; sync; i=$((i+1)); done", 120)
        m.run("dd if=/dev/zero of=/m1/swap bs=1M count=48 2>/dev/null; chmod 600 /m0/swap /m1/swap; mkswap /m0/swap; mkswap /m1/swap")
        out = m.run("swapon /m0/swap; swapprio /m1/swap 5")
        extents = re.findall(r"Adding (\d+)k swap on (\S+)\.  Priority:(-?\d+) extents:(\d+) across:(\d+)k", out)
        assert [(e[1], e[2]) for e in extents] == [("/m0/swap", "-2"), ("/m1/swap", "5")]
        assert 31000 < int(extents[0][0]) <= 32764 and int(extents[0][3]) > 10 and int(extents[1][0]) == 49148
        for command, why in (("rm /m0/swap", "Operation not permitted"), ("umount /m0", "busy"),
                             ("sh -c 'echo x > /m0/swap'", ""), ("swapon /m0/swap", "busy"),
                             ("truncate -s 4096 /m1/swap", "")):
            status, out = m.run_status(command + " 2>&1")
            assert status and why in out, (command, out)
        # Holes.
        status, out = m.run_status("truncate -s 8M /m1/holes; mkswap /m1/holes; swapprio /m1/holes 1 2>&1")
        assert status and "swapon: file /m1/holes has unallocated extents" in out and "Invalid argument" in out
        for command in ("swapon /root", "swapon /bin/busybox", "swapoff /m1/holes"):
            assert m.run_status(command)[0]
        assert "Is a directory" in m.run_status("swapoff /root 2>&1")[1]
        assert "swapcheck: intact" in m.run("swapcheck 4 26 1", 120)
        m.run("swapoff /m1/swap")
        m.run("swapoff /m0/swap; rm /m0/* /m1/swap /m1/holes 2>/dev/null; sync")
        assert swaps(m) == {}
        balanced(m, before)
        m.run("umount /m0 /m1")
        m.power_off()
    for disk in disks:
        assert_clean(disk)


def test_swapoff_under_load(tmp_path):
    """Two areas go off and on while four processes on four CPUs swap and check every word."""
    with Machine(mem=128, cpus=4, highmem=0, disks=(area(tmp_path / "a", 96), area(tmp_path / "b", 96), area(tmp_path / "c", 96))) as m:
        m.wait_shell()
        before = m.settled()
        m.run("for d in a b c; do swapprio /dev/vd$d 1; done")
        out = m.run("swapcheck 4 40 3 & P=$!; n=0; while [ $n -lt 6 ]; do for d in a b; do "
                    "swapoff /dev/vd$d && n=$((n+1)); swapprio /dev/vd$d 1; done; done; echo $n times off; wait $P", 400)
        assert "swapcheck: intact" in out and "6 times off" in out, out
        m.run("for d in a b c; do swapoff /dev/vd$d; done", 60)
        balanced(m, before)


def test_swapoff_that_does_not_fit(tmp_path):
    with Machine(mem=128, cpus=2, highmem=0, swap=128) as m:
        m.wait_shell()
        m.run("swapcheck 1 170 1 stay & P=$!; " + FILLED % 50000 + "sleep 2", 120)
        m.run("echo 100 > /proc/sys/vm/overcommit_ratio; echo 2 > /proc/sys/vm/overcommit_memory")
        status, out = m.run_status("swapoff /dev/vda")
        assert status and "Cannot allocate memory" in out or "Out of memory" in out, out
        m.run("echo 0 > /proc/sys/vm/overcommit_memory")
        status, out = m.run_status("swapoff /dev/vda; echo status $?", 120)
        assert "(swapoff)" in out and "status 137" in out, out
        assert swaps(m)["/dev/vda"][2] > 20000
        assert "swapcheck: intact" in m.run("kill -USR1 $P; wait $P", 120)


def test_as_many_areas_as_linux(tmp_path):
    """Of an entry's 32 types three are kept for migration, one for what could not be read; more is EPERM."""
    disk = make_image(tmp_path / "disk", 8)
    with Machine(mem=128, disks=[disk]) as m:
        m.wait_shell()
        m.run("mkdir -p /m0; mount -t ext2 /dev/vda /m0; cd /m0; "
              "for i in $(seq 29); do dd if=/dev/zero of=s$i bs=4k count=10 2>/dev/null; chmod 600 s$i; mkswap s$i >/dev/null; done")
        m.run("for i in $(seq 28); do swapon s$i || exit 1; done")
        status, out = m.run_status("swapon s29")
        assert status and "Operation not permitted" in out, out
        assert len(swaps(m)) == 28
        m.run("for i in $(seq 28); do swapoff s$i || exit 1; done; swapon s29; swapoff s29")
        assert not swaps(m)
        m.run("cd /; umount /m0")
    assert_clean(disk)
