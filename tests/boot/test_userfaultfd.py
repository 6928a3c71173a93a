"""userfaultfd(2): a program brings its own missing pages."""

from brink import Machine


def test_a_program_serves_its_page_faults():
    with Machine(mem=128, cpus=4).wait_shell() as m:
        m.run("uffdtest")       # what is made once: caches, page tables
        before = m.settled()
        for _ in range(3):
            assert "uffdtest: all passed" in m.run("uffdtest", 60)
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 512
        assert before["Committed_AS"] == after["Committed_AS"]
