"""Soft-dirty: which pages a process has written since it was last asked."""

from brink import Machine


def test_pages_written_since_clear_refs():
    with Machine(mem=192, swap=64, cpus=4).wait_shell() as m:
        m.run("softdirty")      # what is made once
        before = m.settled()
        out = m.run("softdirty", 120)
        assert "swap seen" in out and "softdirty: all passed" in out, out
        after = m.settled(swap="/dev/vda")
        assert before["MemFree"] - after["MemFree"] < 512 and before["Committed_AS"] == after["Committed_AS"]
        assert "CONFIG_MEM_SOFT_DIRTY=y" in m.run("zcat /proc/config.gz").split("\n")
