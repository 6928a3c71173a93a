"""tmpfs: limits that hold, holes and seals, and pages that go to swap and come back."""

import re

from brink import Machine


def df(m, path):
    """(blocks, used) of a file system, in pages."""
    blocks, used = m.run(f"df -k {path} | tail -n1").split()[1:3]
    return int(blocks) // 4, int(used) // 4


def test_limits_and_remount():
    with Machine(mem=128, swap=64) as m:
        m.wait_shell()
        before = m.settled()
        m.run("mkdir -p /tmp/t && mount -t tmpfs -o size=1m,nr_inodes=10,mode=750,uid=7,gid=8 none /tmp/t")
        assert "tmpfs rw,relatime,size=1024k,nr_inodes=10,mode=750,uid=7,gid=8,inode64 0 0" in m.run("cat /proc/mounts")
        assert m.run("stat -c '%a %u %g %s %T' -f /tmp/t; stat -c '%a %u %g %s' /tmp/t").strip().endswith("750 7 8 40")
        assert df(m, "/tmp/t") == (256, 0)
        out = m.run("! dd if=/dev/zero of=/tmp/t/a bs=4k count=300 2>&1")
        assert "No space left on device" in out and df(m, "/tmp/t") == (256, 256)
        assert m.run("stat -c '%s %b' /tmp/t/a").split() == ["1048576", "2048"]
        # A name more is an inode more, up to the limit; the root directory counts.
        out = m.run("! sh -c 'for i in 1 2 3 4 5 6 7; do ln /tmp/t/a /tmp/t/l$i || exit; done; : > /tmp/t/b; : > /tmp/t/c' 2>&1")
        assert "/tmp/t/c: No space left on device" in out
        m.run("rm /tmp/t/l* && : > /tmp/t/c")
        for options, why in (("size=512k", "Too small a size for current use"), ("nr_inodes=2", "Too few inodes for current use"),
                             ("size=1x", "Bad value for 'size'"), ("mode=9", "Bad value for 'mode'"),
                             ("colour=red", "Unknown parameter 'colour'")):
            status, out = m.run_status(f"mount -o remount,{options} /tmp/t")
            assert status and f"tmpfs: {why}" in out, out
        m.run("mount -o remount,size=2m /tmp/t && dd if=/dev/zero of=/tmp/t/d bs=4k count=200")
        assert df(m, "/tmp/t") == (512, 456)
        m.run("umount /tmp/t")
        m.run("mount -t tmpfs -o size=0,nr_inodes=0 none /tmp/t && ! mount -o remount,size=1m /tmp/t")
        m.run("umount /tmp/t")
        after = m.settled(swap="/dev/vda")
        assert abs(after["MemFree"] - before["MemFree"]) < 512
        assert after["Committed_AS"] - before["Committed_AS"] < 100


def test_holes_seals_and_names():
    with Machine(mem=128) as m:
        m.wait_shell()
        m.run("mkdir -p /tmp/t && mount -t tmpfs -o size=4m none /tmp/t")
        assert "tmpfs: all passed" in m.run("tmpfs /tmp/t")
        assert df(m, "/tmp/t") == (1024, 0)
        m.run("umount /tmp/t")


def test_accounts():
    """What lies in a tmpfs is Shmem and Committed_AS, to the page."""
    with Machine(mem=128) as m:
        m.wait_shell()
        m.run("mkdir -p /dev/shm && mount -t tmpfs none /dev/shm")
        a = m.meminfo()
        m.run("dd if=/dev/zero of=/dev/shm/x bs=1M count=16")
        b = m.meminfo()
        assert abs(b["Shmem"] - a["Shmem"] - 16384) <= 16 and abs(b["Committed_AS"] - a["Committed_AS"] - 16384) < 200
        m.run("rm /dev/shm/x")
        c = m.meminfo()
        assert abs(c["Shmem"] - a["Shmem"]) <= 16 and abs(c["Committed_AS"] - a["Committed_AS"]) < 200
        # Strict overcommit refuses a page as it refuses a mapping.
        m.run("echo 2 > /proc/sys/vm/overcommit_memory; echo 24000 > /proc/sys/vm/overcommit_kbytes")
        status, out = m.run_status("dd if=/dev/zero of=/dev/shm/x bs=1M count=40")
        assert status and "No space left" in out


def test_more_than_memory():
    """A file larger than memory: its pages go to swap and come back, also after swapoff."""
    with Machine(mem=96, swap=160, cpus=4) as m:
        m.wait_shell()
        before = m.settled()
        m.run("mkdir -p /tmp/t && mount -t tmpfs -o size=140m none /tmp/t")
        assert "pattern ok" in m.run("tmpfs fill /tmp/t/big 110", 120)
        info = m.meminfo()
        assert info["SwapTotal"] - info["SwapFree"] >= 110 * 1024 - info["MemTotal"] > 10000   # at least what RAM cannot hold
        assert int(m.run("stat -c %b /tmp/t/big")) == 110 * 2048      # pages in swap count, too
        assert "pattern ok" in m.run("tmpfs check /tmp/t/big 110", 120)
        m.run("dd if=/dev/null of=/tmp/t/big bs=1M seek=40")          # truncated while most of it is swapped
        assert df(m, "/tmp/t") == (140 * 256, 40 * 256)
        assert "pattern ok" in m.run("tmpfs check /tmp/t/big 40", 120)
        m.run("swapoff /dev/vda && swapon /dev/vda", 120)
        assert "pattern ok" in m.run("tmpfs check /tmp/t/big 40", 120)
        m.run("umount /tmp/t")
        after = m.settled()
        assert after["SwapFree"] == before["SwapFree"]
        assert abs(after["MemFree"] - before["MemFree"]) < 1500, (before, after)
        assert abs(after["Committed_AS"] - before["Committed_AS"]) < 200
