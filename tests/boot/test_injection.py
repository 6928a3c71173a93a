"""Allocations that fail on purpose: no crash and nothing lost, whatever the programs make of it."""

import re

import pytest

from brink import Machine

PROGRAMS = ["badptr", "sigtest", "threads", "filetest", "maptest", "badelf", "pidfd", "socktest", "thousand 50", "swapcheck 4 8 2",
            "demand", "cow", "growstack", "sh -c 'seq 10000 | sort -rn | head -1'", "sh -c 'find / -xdev | cpio -o -H newc'",
            "cat /proc/self/smaps /proc/*/status /proc/slabinfo", "cp /bin/busybox /tmp"]


@pytest.mark.parametrize("cpus,interval,seed", [(1, 300, 1), (4, 50, 3)])
def test_programs_under_failing_allocations(cpus, interval, seed):
    with Machine(mem=256, cpus=cpus, swap=32, append=f"fail_page_alloc=0,{seed}") as m:
        m.wait_shell()
        for program in PROGRAMS:                # files and tables that stay are made before we count
            m.run_status(f"{program} > /dev/null 2>&1", 120)
        m.run("rm -f /tmp/busybox")
        before = m.settled()
        m.run(f"echo {interval} > /proc/sys/vm/fail_page_alloc_interval")
        for program in PROGRAMS:
            # a program may also wait for ever for the child that it could not make
            m.run_status(f"timeout -s KILL 20 {program} > /dev/null 2>&1", 180)
        m.run("echo 0 > /proc/sys/vm/fail_page_alloc_interval")
        m.run("killall -9 thousand swapcheck threads 2>/dev/null; rm -f /tmp/busybox; wait; "
              "while pidof timeout; do :; done > /dev/null", 60)
        after = m.settled(swap="/dev/vda")
        assert before["MemFree"] - after["MemFree"] < 1024
        assert abs(after["Committed_AS"] - before["Committed_AS"]) < 512
        assert before["SwapFree"] - after["SwapFree"] < 1024


@pytest.mark.parametrize("interval", [10])
def test_programs_under_failing_objects(interval):
    """Slab objects instead of pages, so often that hardly a system call gets through."""
    with Machine(mem=256, cpus=2, swap=32, append="failslab=0,2") as m:
        m.wait_shell()
        for program in PROGRAMS:
            m.run_status(f"{program} > /dev/null 2>&1", 120)
        m.run("rm -f /tmp/busybox")
        before = m.settled()
        for program in PROGRAMS:
            m.run_status(f"echo {interval} > /proc/sys/vm/failslab_interval; timeout -s KILL 10 {program} > /dev/null 2>&1", 100)
            # The shell itself needs several attempts to switch it off: it gives a line up where a fork fails.
            while m.run_status("echo 0 > /proc/sys/vm/failslab_interval")[0]:
                pass
        m.run("killall -9 thousand swapcheck threads socktest pidfd 2>/dev/null; rm -f /tmp/busybox; wait; "
              "while pidof timeout; do :; done > /dev/null", 60)
        after = m.settled(swap="/dev/vda")
        assert before["MemFree"] - after["MemFree"] < 1024
        assert abs(after["Committed_AS"] - before["Committed_AS"]) < 512


def test_memory_calls_under_failing_allocations():
    """Cutting, moving, policies, swap, groups: each call may fail anywhere, and what was written stays."""
    with Machine(mem=256, cpus=4, swap=64, append="numa=fake=2 fail_page_alloc=0,11 failslab=0,11") as m:
        m.wait_shell()
        m.run("mount -t cgroup2 none /sys/fs/cgroup; echo +memory +cpuset > /sys/fs/cgroup/cgroup.subtree_control")
        m.run("mmfail 1 0 0")                   # tables that stay are made before we count
        before = m.settled()
        for pages, objects in [(100, 0), (0, 100), (30, 30), (6, 6)]:
            assert "all passed" in m.run(f"mmfail 40 {pages} {objects}", 120)
        after = m.settled(swap="/dev/vda")
        assert before["MemFree"] - after["MemFree"] < 1024
        assert abs(after["Committed_AS"] - before["Committed_AS"]) < 256
        assert before["SwapFree"] - after["SwapFree"] < 1024


def test_boot_parameter_makes_allocations_fail():
    with Machine(mem=128, append="fail_page_alloc=1,1,4") as m:     # all of order 4 and above: the shell needs none
        m.wait_shell()
        assert m.run("cat /proc/sys/vm/fail_page_alloc_interval").strip() == "1"


def test_slabs_are_smaller_where_no_block_is_free():
    """Every request of a process for more than one page fails: objects come from single pages, as far as one holds them."""
    with Machine(mem=128, append="fail_page_alloc=0,1,1") as m:
        m.wait_shell()
        m.run("echo 1 > /proc/sys/vm/fail_page_alloc_interval")
        # at once, so that the slabs there are do not suffice for them
        m.run("n=0; while [ $n -lt 40 ]; do sleep 1000 & n=$((n + 1)); done")
        assert "VmRSS" in m.run("cat /proc/self/status")
        m.run("echo 0 > /proc/sys/vm/fail_page_alloc_interval")
        smaller = [line for line in m.run("cat /proc/slabinfo").splitlines() if re.match(r"\S+ +\d+", line) and
                   int(line.split()[5]) > 1 and int(line.split()[2]) < int(line.split()[4]) * int(line.split()[14])]
        assert smaller
        m.run("killall sleep; wait; true")
