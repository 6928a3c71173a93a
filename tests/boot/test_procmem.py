"""/proc/<pid>/mem: another process's memory as a file."""

from brink import Machine


def test_a_tracers_hand_on_memory():
    with Machine(mem=192, swap=64, cpus=4).wait_shell() as m:
        m.run("procmem")        # what is made once
        before = m.settled()
        assert "procmem: all passed" in m.run("procmem", 120)
        after = m.settled(swap="/dev/vda")
        assert before["MemFree"] - after["MemFree"] < 512 and before["Committed_AS"] == after["Committed_AS"]
        # The shell's redirection truncates first, which means nothing here; nobody has a page at 0.
        status, out = m.run_status("echo x > /proc/self/mem")
        assert status == 1 and "rror" in out, out
