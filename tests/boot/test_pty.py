"""Pseudo terminals: names, bytes both ways, hang-up, sessions, a shell on one."""

import re

from brink import Machine


def test_ptys():
    with Machine(mem=128, cpus=4) as m:
        m.wait_shell()
        out = m.run("! ptytest sh 2>&1")                 # no devpts yet
        assert "No such device" in out or "errno 19" in out
        m.run("mkdir -p /dev/pts && mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts")
        assert "devpts rw,relatime,gid=5,mode=620,ptmxmode=666 0 0" in m.run("cat /proc/mounts")
        m.run("ptytest")                                 # allocates its pairs, which are kept
        before = m.settled()
        for _ in range(3):
            assert "ptytest: all passed" in m.run("ptytest", 120)
        assert m.run("ls /dev/pts; cat /proc/sys/kernel/pty/nr").split() == ["ptmx", "0"]
        out = m.run("ptytest sh tty 'stty rows 30 cols 90; stty size' 'sleep 100 & kill %1' 'ls -l /dev/pts/0'", 60)
        assert "/dev/pts/0" in out and "\n30 90\n" in out and "shell's exit status 3" in out
        assert re.search(r"crw--w---- +1 root +5 +136, +0", out) and "can't access tty" not in out
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 512 and after["Committed_AS"] - before["Committed_AS"] < 512


def test_a_limit():
    with Machine(mem=128) as m:
        m.wait_shell()
        m.run("mkdir -p /dev/pts && mount -t devpts devpts /dev/pts && echo 2 > /proc/sys/kernel/pty/max")
        out = m.run("! sh -c 'exec 3<>/dev/ptmx 4<>/dev/ptmx 5<>/dev/ptmx' 2>&1")
        assert "No space left" in out
        assert m.run("sh -c 'exec 3<>/dev/ptmx 4<>/dev/ptmx; ls /dev/pts'").split() == ["0", "1", "ptmx"]
