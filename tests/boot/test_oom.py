"""Memory runs out: the killer's rules, its report, and what is left afterwards."""

import re

from brink import Machine

REPORT = [
    r"big_mm invoked oom-killer: gfp_mask=0x140dca\(GFP_HIGHUSER_MOVABLE\|__GFP_COMP\|__GFP_ZERO\), order=0, oom_score_adj=0",
    r"CPU: \d+ PID: \d+ Comm: big_mm Not tainted 6\.1\.0-brink #1",
    r"Hardware name: ",
    r"Call Trace:", r" <TASK>", r"dump_stack", r"oom_kill_process\+0x", r"out_of_memory\+0x", r"__alloc_pages\+0x",
    r"handle_mm_fault\+0x", r"do_user_addr_fault\+0x", r"asm_exc_page_fault\+0x",
    r"RIP: 0033:0x", r"Code: ", r"RSP: 002b:", r"RAX: ", r" </TASK>",
    r"Mem-Info:", r"active_anon:\d+ inactive_anon:\d+ isolated_anon:\d+", r"free:\d+ free_pcp:\d+ free_cma:0",
    r"Node 0 active_anon:\d+kB", r"DMA free:\d+kB boost:\d+kB min:\d+kB", r"lowmem_reserve\[\]: ",
    r"Normal free:", r"HighMem free:", r"DMA: \d+\*4kB", r"total pagecache pages", r"pages in swap cache",
    r"Free swap  = \d+kB", r"Total swap = \d+kB", r"\d+ pages RAM", r"\d+ pages HighMem/MovableOnly", r"\d+ pages reserved",
    r"Tasks state \(memory values in pages\):",
    r"\[  pid  \]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
    r"oom-kill:constraint=CONSTRAINT_NONE,nodemask=\(null\),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=big_mm,pid=\d+,uid=0",
    r"Out of memory: Killed process \d+ \(big_mm\) total-vm:\d+kB, anon-rss:\d+kB, file-rss:\d+kB, shmem-rss:\d+kB, UID:0 pgtables:\d+kB oom_score_adj:0",
]


def check_report(log):
    at = 0
    for pattern in REPORT:
        match = re.compile(pattern).search(log, at)
        assert match, f"the report has no {pattern!r} after {log[at:at + 200]!r}"
        at = match.end()


def test_three_big_mm_with_swap():
    with Machine(mem=256, swap=128) as m:
        m.wait_shell()
        before = m.settled()
        m.run("dmesg -n 4; big_mm & big_mm & big_mm & wait", 240)
        log = m.run("dmesg")
        assert len(re.findall("Out of memory: Killed process", log)) == 3
        check_report(log)
        m.run("swapoff /dev/vda && swapon /dev/vda")    # what died under its write is only in the swap cache
        after = m.settled()
        assert after["SwapFree"] == before["SwapFree"]
        assert before["MemFree"] - after["MemFree"] < 2048
        assert m.vmstat()["oom_kill"] == 3
        m.power_off()


def test_big_mm_without_swap():
    with Machine(mem=128, cpus=4) as m:
        m.wait_shell()
        before = m.settled()
        status, _ = m.run_status("dmesg -n 4; big_mm", 120)
        assert status == 137
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 1024
        assert after["Committed_AS"] <= before["Committed_AS"] + 256


def test_oom_score_adj_protects_and_condemns():
    with Machine(mem=256) as m:
        m.wait_shell()
        m.start("hold 80")
        m.run("a=$!; echo -1000 > /proc/$a/oom_score_adj")
        m.start("hold 8")
        m.run("b=$!; echo 1000 > /proc/$b/oom_score_adj")
        m.run_status("big_mm", 120)
        m.run("kill -0 $a")
        status, _ = m.run_status("kill -0 $b 2>/dev/null")
        assert status != 0


def test_panic_on_oom():
    m = Machine(mem=128)
    m.allowed = ("Kernel panic",)
    with m:
        m.wait_shell()
        m.run("echo 1 > /proc/sys/vm/panic_on_oom")
        m.child.send("big_mm\n")
        m.expect("Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled", 120)


def test_deadlocked_when_nobody_may_die():
    m = Machine(mem=128)
    m.allowed = ("Kernel panic",)
    with m:
        m.wait_shell()
        m.run("for p in /proc/[0-9]*; do echo -1000 > $p/oom_score_adj; done 2>/dev/null; true")
        m.child.send("big_mm\n")
        m.expect("Out of memory and no killable processes...", 120)
        m.expect("Kernel panic - not syncing: System is deadlocked on memory", 60)


def test_sysrq_f():
    with Machine(mem=128, cpus=1) as m:
        m.wait_shell()
        m.start("hold 16")
        m.run("echo f > /proc/sysrq-trigger; until dmesg | grep -q 'Killed process'; do usleep 50000; done; wait; true")
        log = m.run("dmesg")
        assert "sysrq: Manual OOM execution" in log
        assert re.search(r"kworker\S* invoked oom-killer: gfp_mask=0xcc0\(GFP_KERNEL\), order=-1", log)
        assert re.search(r"Killed process \d+ \(hold\)", log)


def test_kill_allocating_task():
    with Machine(mem=192, cpus=1) as m:
        m.wait_shell()
        m.run("echo 1 > /proc/sys/vm/oom_kill_allocating_task")
        m.start("hold 90")
        m.run_status("big_mm", 120)
        log = m.run("dmesg")
        assert re.search(r"Out of memory \(oom_kill_allocating_task\): Killed process \d+ \(big_mm\)", log)


def test_a_hundred_oom_kills_leak_nothing():
    with Machine(mem=96, cpus=2) as m:
        m.wait_shell()
        m.run("dmesg -n 1; big_mm; true", 60)        # what the first one leaves behind stays: caches
        before = m.settled()
        m.run("i=0; while [ $i -lt 99 ]; do big_mm; i=$((i + 1)); done 2>/dev/null", 400)
        after = m.settled()
        assert m.vmstat()["oom_kill"] == 100
        assert before["MemFree"] - after["MemFree"] < 512
        assert after["Committed_AS"] == before["Committed_AS"]
