"""madvise, mlock, mincore, mremap: what they refuse, and what is left of a range."""

from brink import Machine


def test_advice_and_locks():
    with Machine(mem=192, swap=64, cpus=2) as m:
        m.wait_shell()
        m.run_status("madvtest")
        before = m.settled()
        status, out = m.run_status("madvtest", 60)
        assert status == 0 and "madvtest: all passed" in out, out
        after = m.settled(swap="/dev/vda")
        assert before["MemFree"] - after["MemFree"] < 512 and before["Committed_AS"] == after["Committed_AS"]


def test_corners_that_test_suites_look_into():
    """What LTP and its like ask of the memory calls, and of the kernel before they start."""
    with Machine(mem=192, swap=64, cpus=2) as m:
        m.wait_shell()
        m.run("mkdir -p /dev/shm /sys/fs/cgroup; mount -t tmpfs shm /dev/shm")
        status, out = m.run_status("edges", 60)
        assert status == 0 and "edges: all passed" in out, out
        # The kernel's configuration is a gzip file, and says what the tests of huge pages need to know.
        config = m.run("gunzip -t /proc/config.gz && zcat /proc/config.gz").split("\n")
        for line in ("CONFIG_SWAP=y", "CONFIG_MEMCG=y", "CONFIG_NUMA=y", "CONFIG_HZ=250",
                     "# CONFIG_TRANSPARENT_HUGEPAGE is not set", "# CONFIG_HUGETLBFS is not set", "# CONFIG_KSM is not set"):
            assert line in config, config
        # Bits of kernel.tainted can be set, never cleared.
        assert m.run("cat /proc/sys/kernel/tainted").split() == ["0"]
        assert m.run("cd /proc/sys/kernel; echo 4 > tainted; echo 0 > tainted; cat tainted; cd /").split() == ["4"]
        # Twice a group's limit, shared: in swap, seen there by smaps, and read back in advance.
        m.run("mount -t cgroup2 none /sys/fs/cgroup; cd /sys/fs/cgroup; echo +memory > cgroup.subtree_control; "
              "mkdir g; echo 8M > g/memory.max; cd /")
        status, out = m.run_status("edges swap /sys/fs/cgroup/g", 120)
        assert status == 0 and "edges swap: all passed" in out, out
        m.run("rmdir /sys/fs/cgroup/g")
