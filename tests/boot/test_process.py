"""Processes, signals, terminals: what a shell and its users lean on."""

import re

import pytest

from brink import Machine


@pytest.mark.parametrize("program", ["badptr", "sigtest", "threads", "filetest", "maptest", "badelf"])
def test_program(program):
    with Machine(mem=256, cpus=4, swap=32) as m:
        m.wait_shell()
        before = m.settled()
        out = m.run(program, 120)
        assert f"{program}: all passed" in out, out
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 1024
        assert abs(after["Committed_AS"] - before["Committed_AS"]) < 512


def test_a_thousand_processes():
    with Machine(mem=256, cpus=4) as m:
        m.wait_shell()
        before = m.settled()
        assert "1000 alive" in m.run("thousand 1000", 200)
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 2048
        assert after["Committed_AS"] <= before["Committed_AS"] + 256


def test_fork_bomb():
    with Machine(mem=128, cpus=2, swap=32) as m:
        m.wait_shell()
        before = m.settled()
        m.run("dmesg -n 1; ulimit -u 400; forkbomb 10", 240)
        m.run("echo still here")
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 3072


def test_control_c_ends_the_foreground_job_only():
    with Machine(mem=128) as m:
        m.wait_shell()
        m.child.send("sleep 1000; echo \"@@after $?@@\"\n")
        wait_for_sleep(m)
        m.child.send("\x03")
        m.run("true")
        assert "sleep 1000" not in m.run("ps")


def wait_for_sleep(m):
    """The line was read when the tty's input queue is empty; ^C then reaches sleep, not the shell's line."""
    m.child.send("")
    m.expect("", 5)
    import time
    time.sleep(1)


def test_job_control():
    with Machine(mem=128) as m:
        m.wait_shell()
        m.child.send("sleep 1000\n")
        m.child.send("\x1a")
        m.expect(r"Stopped", 30)
        out = m.run("jobs")
        assert "sleep 1000" in out
        m.run("kill %1")


def test_unknown_system_call():
    with Machine(mem=128, append="log_unknown_syscalls") as m:
        m.wait_shell()
        m.run("badptr nosys")
        assert re.search(r"unknown syscall 9999", m.run("dmesg"))


def test_segfault_line():
    with Machine(mem=128, cpus=1) as m:
        m.wait_shell()
        status, _ = m.run_status("badptr crash")
        assert status == 139
        assert re.search(r"badptr\[\d+\]: segfault at 10 ip [0-9a-f]{16} sp [0-9a-f]{16} error 6 in badptr\[[0-9a-f]+\+[0-9a-f]+\]",
                         m.run("dmesg"))


def test_script_and_pipes():
    with Machine(mem=128) as m:
        m.wait_shell()
        m.run("printf '#!/bin/sh\\necho from $0 $1\\n' > /tmp/s; chmod +x /tmp/s")
        assert "from /tmp/s there" in m.run("/tmp/s there")
        assert m.run("seq 100000 | sort -rn | head -1").strip() == "100000"
