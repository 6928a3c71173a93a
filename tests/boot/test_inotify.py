"""inotify: what a program is told of files that it watches."""

from brink import Machine


def test_inotify_tells_what_linux_tells():
    with Machine(mem=192, cpus=4) as m:
        m.wait_shell()
        m.run("mkdir -p /cg; mount -t cgroup2 none /cg; inotify /cg")     # what is made once: caches
        before = m.settled()
        for _ in range(3):
            assert "inotify: all passed" in m.run("inotify /cg", 60)
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 512
