"""ptrace(2): memory, registers, system calls, steps, events; who waits for whom."""

from brink import Machine


def test_one_process_traces_another():
    with Machine(mem=128, cpus=4).wait_shell() as m:
        m.run("ptracetest")     # what is made once: caches, page tables
        before = m.settled()
        for _ in range(3):
            assert "ptracetest: all passed" in m.run("ptracetest", 60)
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 512
        assert before["Committed_AS"] == after["Committed_AS"]
        assert "(tracing stop)" not in m.run("cat /proc/[0-9]*/status 2>/dev/null; true"), "nobody is left stopped"
