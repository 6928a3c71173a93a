"""Pressure: what counts as stalled, the averages' files, triggers."""

import re

from brink import Machine


def totals(m, resource, group=None):
    """some and full, in microseconds."""
    path = f"{group}/{resource}.pressure" if group else f"/proc/pressure/{resource}"
    return [int(n) for n in re.findall(r"total=(\d+)", m.run(f"cat {path}"))]


def test_cpu_pressure_of_the_machine_and_of_a_group():
    with Machine(mem=128, cpus=2) as m:
        m.wait_shell()
        m.run("mount -t cgroup2 none /sys/fs/cgroup; cd /sys/fs/cgroup; mkdir a b")
        assert m.run("cat /proc/pressure/memory") == (
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
        before = totals(m, "cpu")
        out = m.run("sh -c 'echo 0 > a/cgroup.procs; exec psitest a/cpu.pressure \"some 100000 1000000\" 3 4'", 60)
        events, took = re.search(r"(\d+) events in (\d+) s", out).groups()
        assert "all passed" in out and 1 <= int(events) <= int(took) + 1, out        # one in each window of a second
        machine, a, b = (totals(m, "cpu", g) for g in (None, "a", "b"))
        assert a[0] > 1_000_000 and machine[0] - before[0] >= a[0] * 0.8 and machine[1] == 0
        assert b == [0, 0]
        # Alone on its CPU nobody waits for it: hardly any pressure, no event without it.
        out = m.run("sh -c 'echo 0 > b/cgroup.procs; exec psitest b/cpu.pressure \"some 400000 1000000\" 2 1'", 60)
        assert "psitest: 0 events" in out or totals(m, "cpu", "b")[0] >= 400_000, out
        m.run("rmdir a b; cd /")


def test_a_refault_is_pressure_and_a_first_fault_is_not():
    with Machine(mem=96, swap=128, cpus=2) as m:
        m.wait_shell()
        m.run("hold 32 1", 60)
        assert totals(m, "memory") == [0, 0]
        m.run("psitest /proc/pressure/memory 'some 50000 1000000' 1")
        m.run("thrash 120 4", 120)      # alone: two that share it may run one after the other
        some, full = totals(m, "memory")
        assert some > 50_000 and 0 < full <= some
        assert totals(m, "io")[0] > 50_000


def test_psi_0_is_no_pressure():
    with Machine(mem=96, cpus=2, append="psi=0") as m:
        m.wait_shell()
        m.run("! ls -d /proc/pressure 2>/dev/null")
        m.run("mount -t cgroup2 none /sys/fs/cgroup && ! ls /sys/fs/cgroup/cpu.pressure 2>/dev/null")
