"""The OOM killer's finer points: the rules to choose by, families, notifiers, the reaper, many reports, failing memory."""

import re

from brink import Machine

KILL = re.compile(r"Out of memory: Killed process (\d+) \((\w+)\)")


def cast(m, *roles):
    """Starts `oomcast` once for each role, as init's children, and waits until all are ready. Their pids."""
    starts = "; ".join(f"(oomcast {role} > /tmp/o{i:02} &)" for i, role in enumerate(roles))
    m.run(f"dmesg -n 4; mkdir -p /tmp; {starts}; until [ $(cat /tmp/o* | grep -c ready) = {len(roles)} ]; do usleep 20000; done", 60)
    pids = [int(p) for p in re.findall(r"oomcast (\d+): ready", m.run("cat /tmp/o*; rm /tmp/o*"))]
    assert len(pids) == len(roles)
    return pids


def chosen(m):
    """Whom sysrq f kills."""
    m.run("dmesg -c > /dev/null; echo f > /proc/sysrq-trigger; until dmesg | grep -q 'Killed process\\|No task'; do usleep 20000; done", 30)
    kill = KILL.search(m.run("dmesg"))
    return int(kill.group(1)) if kill else None


def end(m):
    m.run("killall -9 oomcast 2>/dev/null; while pidof oomcast > /dev/null; do usleep 20000; done", 30)


def test_where_the_three_rules_choose_differently():
    with Machine(mem=512) as m:
        m.wait_shell()
        for roles, choices in (
                # 3% off for root: the user's process, a little smaller, goes first
                (("touch=100", "touch=99 uid=1000"), {"modern": 0, "root-bonus": 1}),
                # 2.6 looked at what is mapped, not at what is used
                (("map=300 touch=4", "touch=100"), {"modern": 1, "root-bonus": 1, "classic": 0}),
                # niced processes count double there
                (("touch=60 nice=10", "touch=100"), {"modern": 1, "classic": 0}),
                # children count half for their parent
                (("touch=20 children=4,40", "touch=90"), {"modern": 1, "classic": 0}),
                # oom_score_adj is obeyed by all
                (("touch=10 adj=900", "touch=100"), {"modern": 0, "root-bonus": 0, "classic": 0})):
            for policy, victim in choices.items():
                m.run(f"echo {policy} > /proc/sys/vm/oom_badness_policy")
                pids = cast(m, *roles)
                assert chosen(m) == pids[victim], (policy, roles)
                end(m)


def test_vfork_child_is_not_chosen_and_dies_with_its_parent():
    with Machine(mem=256) as m:
        m.wait_shell()
        parent, = cast(m, "touch=100 vfork")
        m.run("until [ $(pidof oomcast | wc -w) = 2 ]; do usleep 20000; done", 20)
        assert chosen(m) == parent
        m.run("while pidof oomcast; do usleep 20000; done", 20)
        assert len(KILL.findall(m.run("dmesg"))) == 1          # the child without a line


def test_reports_are_ratelimited():
    with Machine(mem=256) as m:
        m.wait_shell()
        cast(m, *["touch=2"] * 14)
        m.run("dmesg -c > /dev/null; n=14; while [ $n -gt 0 ]; do echo f > /proc/sysrq-trigger; "
              "n=$((n - 1)); while [ $(pidof oomcast | wc -w) -gt $n ]; do :; done; done", 30)
        log = m.run("dmesg")
        assert len(KILL.findall(log)) == 14
        shown = log.count("invoked oom-killer")
        times = [float(t) for t in re.findall(r"\[ *(\d+\.\d+)\] Out of memory: Killed", log)]
        assert shown == 10 if times[-1] - times[0] < 4 else shown >= 10         # 10 in 5 seconds
        m.run("sleep 5")
        cast(m, "touch=2")
        chosen(m)
        log += m.run("dmesg")
        assert sum(map(int, re.findall(r"oom_kill_process: (\d+) callbacks suppressed", log))) == 14 - shown


def test_a_notifier_gives_back_before_anybody_dies():
    with Machine(mem=192, highmem=0) as m:
        m.wait_shell()
        m.run("echo 81920 > /proc/sys/vm/balloon_kbytes")
        assert int(m.run("cat /proc/sys/vm/balloon_kbytes")) == 81920
        status, out = m.run_status("hold 120 1", 60)
        assert status == 0 and "touched 120M" in out
        left = int(m.run("cat /proc/sys/vm/balloon_kbytes"))
        assert 0 < left < 70000 and left % 1024 == 0
        assert m.vmstat()["oom_kill"] == 0 and "invoked oom-killer" not in m.run("dmesg")
        # It is empty: now somebody has to go.
        m.run("dmesg -n 4")
        assert m.run_status("big_mm", 60)[0] == 137
        assert int(m.run("cat /proc/sys/vm/balloon_kbytes")) == 0 and m.vmstat()["oom_kill"] == 1


def slow_disk(tmp_path):
    disk = tmp_path / "disk"
    with open(disk, "wb") as f:
        f.truncate(16 << 20)
    return f"file={disk},format=raw,cache=unsafe,throttling.bps-read=65536"


def test_victim_stuck_in_the_kernel_is_reaped(tmp_path):
    with Machine(mem=256, disks=[slow_disk(tmp_path)]) as m:
        m.wait_shell()
        stuck, = cast(m, "touch=100 read=/dev/vda")
        free = m.meminfo()["MemFree"]
        assert chosen(m) == stuck
        m.run("until dmesg | grep -q oom_reaper; do usleep 100000; done", 20)
        assert f"oom_reaper: reaped process {stuck} (oomcast), now anon-rss:0kB" in m.run("dmesg")
        assert m.meminfo()["MemFree"] - free > 95000


def test_what_the_reaper_cannot_take_is_given_up(tmp_path):
    """Then another one may be chosen (MMF_OOM_SKIP)."""
    with Machine(mem=256, disks=[slow_disk(tmp_path)], append="fail_oom_reap=100") as m:
        m.wait_shell()
        stuck, other = cast(m, "touch=100 read=/dev/vda", "touch=50")
        assert chosen(m) == stuck
        m.run("until dmesg | grep -q oom_reaper; do usleep 100000; done", 20)
        assert f"oom_reaper: unable to reap pid:{stuck} (oomcast)" in m.run("dmesg")
        assert chosen(m) == other


def test_threads_that_hold_mmap_lock_all_the_time():
    with Machine(mem=192, cpus=4) as m:
        m.wait_shell()
        before = m.settled()
        for _ in range(2):
            assert m.run_status("dmesg -n 4; oomcast churn=6 touch=182", 60)[0] == 137
        m.run("while pidof oomcast; do usleep 50000; done", 20)
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 1024
