"""Processes, signals, terminals: what a shell and its users lean on."""

import re

import pytest

from brink import Machine


@pytest.mark.parametrize("program", ["badptr", "sigtest", "threads", "filetest", "maptest", "badelf", "sysvipc", "userflags", "fdcalls", "vdso", "races"])
def test_program(program):
    with Machine(mem=256, cpus=4, swap=32) as m:
        m.wait_shell()
        before = m.settled()
        out = m.run(program, 120)
        assert f"{program}: all passed" in out, out
        after = m.settled(swap="/dev/vda")
        assert before["MemFree"] - after["MemFree"] < 1024
        assert abs(after["Committed_AS"] - before["Committed_AS"]) < 512


def test_random_system_calls():
    """The kernel lives, and nothing is left but System V objects, which outlive processes."""
    with Machine(mem=256, cpus=4, swap=64) as m:
        m.wait_shell()
        # the memory of pseudo terminals is kept: not of a thousand
        m.run("dmesg -n 1; echo 8 > /proc/sys/kernel/pty/max; fuzz 1 7; sysvipc clean", 60)
        before = m.settled()
        assert "fuzz: all passed" in m.run("fuzz 8 20221122", 120)
        m.run("sysvipc clean")
        after = m.settled(swap="/dev/vda")
        assert before["MemFree"] - after["MemFree"] < 2048
        assert before["SwapFree"] - after["SwapFree"] < 256


def test_real_time_tasks_leave_time_to_others():
    with Machine(mem=128, cpus=2) as m:
        m.wait_shell()
        assert "the others ran" in m.run("rtspin 2 2", 60)


def test_alarms_and_limits_of_cpu_time():
    with Machine(mem=128, cpus=2) as m:
        m.wait_shell()
        assert "cputimer: all passed" in m.run("cputimer", 120)


def test_a_thousand_processes():
    with Machine(mem=256, cpus=4) as m:
        m.wait_shell()
        m.run("thousand 1000", 200)             # slabs and per-CPU lists grow to what a thousand need
        before = m.settled()
        assert "1000 alive" in m.run("thousand 1000", 200)
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 1024
        assert after["Committed_AS"] <= before["Committed_AS"] + 256


def test_fork_bomb():
    with Machine(mem=128, cpus=2, swap=32) as m:
        m.wait_shell()
        before = m.settled()
        m.run("dmesg -n 1; ulimit -u 400; forkbomb 5", 240)
        m.run("echo still here")
        after = m.settled(swap="/dev/vda")
        assert before["MemFree"] - after["MemFree"] < 3072


def start_in_foreground(m, command="exec sleep 1000"):
    """Returns when the foreground job runs, and so owns the terminal."""
    m.child.send(f"sh -c 'echo @@running@@; {command}'\n")
    m.expect(r"@@running@@\r*\n", 30)


def test_control_c_ends_the_foreground_job_only():
    with Machine(mem=128) as m:
        m.wait_shell()
        start_in_foreground(m)
        m.child.send("\x03")
        assert m.run_status("true")[0] == 0
        assert "sleep 1000" not in m.run("ps")
        start_in_foreground(m)
        m.child.send("\x1c")                    # ^\ is SIGQUIT
        m.run("true")
        assert "sleep 1000" not in m.run("ps")


def test_control_c_spares_background_jobs():
    with Machine(mem=128) as m:
        m.wait_shell()
        m.run("sleep 2000 &")
        start_in_foreground(m)
        m.child.send("\x03")
        m.run("true")
        out = m.run("ps")
        assert "sleep 2000" in out and "sleep 1000" not in out
        m.run("kill %1; wait %1; true")


def test_job_control():
    with Machine(mem=128) as m:
        m.wait_shell()
        start_in_foreground(m, "sleep 1000; echo never")
        m.child.send("\x1a")
        m.expect(r"Stopped", 30)
        assert "Stopped" in m.run("jobs")
        assert re.search(r"^State:\s+T \(stopped\)", m.run("grep -h State /proc/$(pidof sleep)/status"), re.M)
        # one command: the shell is not to be reading when SIGCHLD tells that the job goes on
        m.run("bg; until grep -q '^State:.S (sleeping)' /proc/$(pidof sleep)/status; do :; done")
        m.child.send("fg\n")
        m.expect("sleep 1000", 30)              # ash names the job it brings to the front
        m.child.send("\x03")
        assert "sleep 1000" not in m.run("ps")
        assert not m.run("jobs").strip()


def test_a_background_job_that_reads_the_terminal_is_stopped():
    with Machine(mem=128) as m:
        m.wait_shell()
        out = m.run("(cat < /dev/tty) & until grep -q '^State:.T' /proc/$!/status; do :; done; kill -9 $!; wait $!; true")
        assert "not found" not in out


def test_control_d_is_the_end_of_input():
    with Machine(mem=128) as m:
        m.wait_shell()
        m.child.send("sh -c 'echo @@running@@; cat > /tmp/typed'; sh -c 'echo @@running@@; cat > /tmp/more'\n")
        m.expect(r"@@running@@\r*\n", 30)
        m.child.send("one line\nand a half\x04\x04")     # the first ^D gives out the half line
        m.expect(r"@@running@@\r*\n", 30)
        m.child.send("x\x7fword erased\x17kept\x15all of it\n\x04")
        assert m.run("cat /tmp/typed") == "one line\nand a half"
        assert m.run("cat /tmp/more") == "all of it\n"


def test_line_editor_of_the_shell():
    """BusyBox's own editor: raw mode, arrow keys, history, completion."""
    with Machine(mem=128) as m:
        m.wait_shell()
        m.run("touch /tmp/an_unmistakable_name")
        m.run("stty echo")                      # with -echo the editor is off
        left, right, up = "\x1b[D", "\x1b[C", "\x1b[A"
        m.child.send("echo acd > /tmp/e" + left * 11 + "b\n")
        m.child.send(up + left * 100 + right * 8 + "\x05" + "2\n")
        # ^U and ^C are the editor's only while it has the line: it prints its prompt when it is ready
        m.child.send("PS1='@@p '\n")
        m.child.send("echo d''one\n")
        m.expect("done\r*\n@@p ", 30)
        m.child.send("echo wrong > /tmp/wrong\x15ls /tmp/an_unm\t > /tmp/ls\n")
        m.child.send("echo tw''o\n")
        m.expect("two\r*\n@@p ", 30)
        m.child.send("sleep 1000\x03echo after > /tmp/after\n")
        m.child.send("PS1=; stty -echo; echo @@edited@@\n")
        m.expect("@@edited@@\r*\n", 30)
        m.run("true")
        assert m.run("cat /tmp/e") == "abcd\n"
        assert m.run("cat /tmp/e2") == "abcd\n"
        assert m.run("cat /tmp/ls") == "/tmp/an_unmistakable_name\n"
        assert m.run("cat /tmp/after") == "after\n"
        assert m.run_status("test -e /tmp/wrong")[0] == 1


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


# Linux 6.1's, but for the numbers of processes and inodes.
LOCKS = """\
fd
lock:\t1: POSIX  ADVISORY  WRITE P D:F 10 14
lock:\t2: POSIX  ADVISORY  READ P D:F 100 EOF
fd
lock:\t1: FLOCK  ADVISORY  WRITE P D:F 0 EOF
lock:\t2: OFDLCK ADVISORY  READ -1 D:F 0 3
fd
lock:\t1: FLOCK  ADVISORY  READ P D:G 0 EOF
1: FLOCK  ADVISORY  READ P D:G 0 EOF
2: FLOCK  ADVISORY  WRITE P D:F 0 EOF
2: -> FLOCK  ADVISORY  WRITE Q D:F 0 EOF
3: OFDLCK ADVISORY  READ -1 D:F 0 3
4: POSIX  ADVISORY  WRITE P D:F 10 14
4: -> POSIX  ADVISORY  WRITE R D:F 0 EOF
4:  -> OFDLCK ADVISORY  READ -1 D:F 12 12
5: POSIX  ADVISORY  READ P D:F 100 EOF
left []
in a circle: 0 0 35
"""


def test_locks_are_shown():
    """/proc/locks and fdinfo: locks of each kind, and who waits for whom."""
    with Machine(mem=64) as m:
        m.wait_shell()
        out = m.run("locks /tmp/f /tmp/g")
        names = dict(zip(re.search(r"^pids (\d+) (\d+) (\d+)\n", out, re.M).groups(), "PQR"))
        inodes = {m.run(f"stat -c %i /tmp/{name.lower()}").strip(): name for name in "FG"}
        out = re.sub(r"^pids .*\n", "", out, flags=re.M)
        out = re.sub(r"(READ|WRITE) (-1|\d+) \w\w:\w\w:(\d+)",
                     lambda f: f"{f[1]} {names.get(f[2], f[2])} D:{inodes[f[3]]}", out)
        assert out == LOCKS
