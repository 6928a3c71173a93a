"""Descriptors that name processes, and what one process may do to the memory of another."""

from brink import Machine


def test_pidfds_and_what_they_reach():
    with Machine(mem=192, swap=64, cpus=2) as m:
        m.wait_shell()
        m.run("pidfd swap")     # what is made once: caches, page tables
        before = m.settled()
        for _ in range(3):
            assert "pidfd: all passed" in m.run("pidfd swap", 60)
        after = m.settled(swap="/dev/vda")
        assert before["MemFree"] - after["MemFree"] < 512 and before["SwapFree"] == after["SwapFree"]
        assert before["Committed_AS"] == after["Committed_AS"]
