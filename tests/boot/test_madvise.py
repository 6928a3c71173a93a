"""madvise, mlock, mincore, mremap: what they refuse, and what is left of a range."""

from brink import Machine


def test_advice_and_locks():
    with Machine(mem=192, swap=64, cpus=2) as m:
        m.wait_shell()
        m.run_status("madvtest")
        before = m.settled()
        status, out = m.run_status("madvtest", 60)
        assert status == 0 and "madvtest: all passed" in out, out
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 512 and before["Committed_AS"] == after["Committed_AS"]
