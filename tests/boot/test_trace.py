"""The trace ring: tracefs as a student uses it, with the scripts that work on Linux's."""

import re

from brink import Machine

T = "/sys/kernel/tracing"
LINE = re.compile(r"^ *(.{1,16})-(\d+) +\[(\d{3})\] ([d.][N.][h.][\da-f.][\da-f.]) +(\d+\.\d{6}): (\w+): (.*)$", re.M)


def start(**kw):
    m = Machine(**kw).wait_shell()
    m.run(f"mount -t tracefs tracefs {T} && cd {T}")
    return m


def events(text):
    """(task, pid, cpu, flags, time, event, words) of each line of a trace."""
    return [(c, int(p), int(n), f, float(t), e, w) for c, p, n, f, t, e, w in LINE.findall(text)]


def fields(words):
    return dict(re.findall(r"([\w-]+)[=:](\S+)", words))


def test_events_are_switched_as_on_linux():
    with start() as m:
        assert m.run("cat trace").startswith("# tracer: nop\n#\n# entries-in-buffer/entries-written: 0/0   #P:2\n")
        assert m.run("cat events/enable events/oom/enable events/kmem/kfree/enable") == "0\n0\n0\n"
        m.run("echo oom:mark_victim > set_event; echo 'vmscan:*' >> set_event")
        names = m.run("cat set_event").split()
        assert "oom:mark_victim" in names and "vmscan:mm_vmscan_write_folio" in names and "kmem:kfree" not in names
        assert m.run("cat events/enable events/oom/enable events/vmscan/enable") == "X\nX\n1\n"
        m.run("echo '!vmscan:*' >> set_event")
        assert m.run("cat set_event") == "oom:mark_victim\n"
        # what does not exist, and what is no switch, is refused
        for wrong in ("echo kmem:nosuch > set_event", "echo 2 > events/oom/enable", "echo function > current_tracer",
                      "echo mono > trace_clock", "echo 0 > buffer_size_kb"):
            assert m.run_status(wrong)[0] != 0, wrong
        # the description of each event agrees with itself: fields in order, none overlapping
        for name in m.run("cat available_events").split():
            system, event = name.split(":")
            text = m.run(f"cat events/{system}/{event}/format")
            assert f"name: {event}\nID: {m.run(f'cat events/{system}/{event}/id')}" in text
            end = 0
            for offset, size in re.findall(r"offset:(\d+);\tsize:(\d+);", text):
                assert int(offset) >= end, text
                end = int(offset) + int(size)
            assert "print fmt: \"" in text


def test_pages_and_faults_of_a_program():
    """A page allocated, zeroed, for each first touch; what is allocated is freed; call sites have names."""
    with start(cpus=1) as m:
        m.run("echo kmem: > set_event; echo exceptions: >> set_event; echo 0 > tracing_on; echo 4096 > buffer_size_kb; "
              "echo > trace; sh -c 'echo 1 > tracing_on; exec dd if=/dev/zero of=/dev/null bs=512k count=1' 2>/dev/null; "
              "echo 0 > tracing_on; echo > set_event")
        text = m.run("cat trace", timeout=240)
        assert re.search(r"^# entries-in-buffer/entries-written: (\d+)/\1   #P:1$", text, re.M), "events were lost"
        seen = events(text)
        times = [e[4] for e in seen]
        assert times == sorted(times)
        mine = [e for e in seen if e[0] == "dd"]
        # read(2) writes to the buffer: the kernel's own faults, not present, write
        faults = [e for e in mine if e[5] == "page_fault_kernel" and e[6].endswith("error_code=0x2")]
        assert len(faults) >= 128
        assert all(re.fullmatch(r"address=0x[\da-f]+ ip=\w+ error_code=0x2", e[6]) for e in faults), faults[0]
        assert [e for e in mine if e[5] == "page_fault_user"]
        allocated = {fields(e[6])["pfn"] for e in mine if e[5] == "mm_page_alloc"}
        freed = {fields(e[6])["pfn"] for e in seen if e[5] == "mm_page_free"}
        zeroed = [e for e in mine if e[5] == "mm_page_alloc" and
                  e[6].endswith("order=0 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO")]
        assert len(zeroed) >= 128 and len(allocated & freed) >= 120
        assert [e for e in seen if e[5] == "kmalloc" and re.match(r"call_site=\w+\+0x[\da-f]+/0x[\da-f]+ ptr=", e[6])]
        rss = [int(fields(e[6])["size"][:-1]) for e in mine if e[5] == "rss_stat" and "MM_ANONPAGES" in e[6]]
        assert max(rss) >= 128 * 4096 and rss[-1] == 0


def test_an_oom_from_kswapd_to_the_reaper():
    """Each step of memory running out, in order, with the numbers that the report has, too."""
    with start(mem=96, swap=32, highmem=0) as m:
        m.run("for s in oom signal; do echo 1 > events/$s/enable; done; "
              "for e in kswapd_wake wakeup_kswapd direct_reclaim_begin direct_reclaim_end write_folio; do "
              "echo vmscan:mm_vmscan_$e >> set_event; done; echo 4096 > buffer_size_kb")
        m.run_status("sh -c 'echo 500 > /proc/self/oom_score_adj; exec big_mm >/dev/null'", timeout=240)
        text = m.run("echo 0 > tracing_on; cat trace", timeout=240)
        seen = events(text)
        first = {}
        for e in seen:
            first.setdefault(e[5], e)
        for order in (["mm_vmscan_wakeup_kswapd", "mm_vmscan_kswapd_wake"], ["mm_vmscan_wakeup_kswapd", "mark_victim"],
                      ["mm_vmscan_direct_reclaim_begin", "reclaim_retry_zone", "mark_victim"],
                      ["mm_vmscan_write_folio", "mark_victim"]):
            assert [first[n][4] for n in order] == sorted(first[n][4] for n in order)
        adj = first["oom_score_adj_update"]
        assert fields(adj[6])["oom_score_adj"] == "500"
        pid = int(fields(adj[6])["pid"])
        victim = first["mark_victim"]
        killed = re.search(r"Killed process (\d+) \((\w+)\) total-vm:(\d+)kB, anon-rss:(\d+)kB", m.console)
        words = fields(victim[6])
        assert (words["pid"], words["comm"], words["total-vm"]) == (killed[1], killed[2], killed[3] + "kB")
        assert int(words["pid"]) == pid and words["oom_score_adj"] == "500" and words["uid"] == "0"
        kill = [e for e in seen if e[5] == "signal_generate" and f"comm=big_mm pid={pid}" in e[6]]
        assert kill[0][6].startswith("sig=9 errno=0 code=128")
        assert [e for e in seen if e[5] == "signal_deliver" and e[1] == pid and e[6].startswith("sig=9")]
        if "start_task_reaping" in first:       # a slow machine: it had two seconds to die by itself
            assert first["start_task_reaping"][4] - victim[4] > 1.9
        begun = [e for e in seen if e[5] == "mm_vmscan_direct_reclaim_begin"]
        ended = [e for e in seen if e[5] == "mm_vmscan_direct_reclaim_end"]
        assert len(begun) == len(ended) > 0


def test_the_reaper_takes_the_memory_of_one_that_cannot_die(tmp_path):
    """A victim that waits for a slow disk: marked, after two seconds the reaper is woken, starts, finishes."""
    disk = tmp_path / "slow"
    with open(disk, "wb") as f:
        f.truncate(64 << 20)
    with start(mem=256, highmem=0, disks=[f"file={disk},format=raw,cache=unsafe,throttling.bps-write=262144"]) as m:
        m.run("echo oom: > set_event; (echo 1000 > /proc/self/oom_score_adj; "
              "exec dd if=/dev/zero of=/dev/vda bs=24M count=1 conv=fsync) & "
              "until grep -qE 'blk|writeback' /proc/$!/wchan; do sleep 0.1; done; echo f > /proc/sysrq-trigger; "
              "until grep -q finish_task_reaping: trace; do sleep 0.1; done", timeout=120)
        seen = {e[5]: e for e in events(m.run("cat trace"))}
        steps = [seen[n] for n in ("mark_victim", "wake_reaper", "start_task_reaping", "finish_task_reaping")]
        assert len({fields(e[6])["pid"] for e in steps}) == 1
        times = [e[4] for e in steps]
        assert times == sorted(times) and 1.9 < times[1] - times[0], "two seconds for an orderly exit"
        assert steps[2][0] == steps[3][0] == "oom_reaper"
        assert re.search(r"oom_reaper: reaped process \d+ \(dd\), now anon-rss:0kB", m.console)


def test_a_full_ring_forgets_the_oldest_and_counts_them():
    with start(cpus=1) as m:
        m.run("echo 64 > buffer_size_kb; echo raw_syscalls: > set_event; seq 3000 > /dev/null; "
              "i=0; while [ $i -lt 2000 ]; do read x < /proc/uptime; i=$((i+1)); done; echo 0 > tracing_on")
        text = m.run("cat trace")
        entries, written = map(int, re.search(r"written: (\d+)/(\d+)", text).groups())
        stats = dict(re.findall(r"^(.*): +(\S+)$", m.run("cat per_cpu/cpu0/stats"), re.M))
        assert len(events(text)) == entries == int(stats["entries"])
        assert written - entries == int(stats["overrun"]) > 1000
        assert int(stats["bytes"]) <= 64 * 1024
        m.run("echo > trace")
        assert "entries-written: 0/0 " in m.run("cat trace")


def test_trace_pipe_waits_takes_and_ends():
    with start() as m:
        m.run("echo before > trace_marker")
        # it waits for the second line, and goes on waiting until tracing is off
        out = m.run("(cat trace_pipe > /tmp/pipe) & while ! grep -q before /tmp/pipe; do sleep 0.05; done; "
                    "cat /proc/$!/wchan; echo; echo after > trace_marker; "
                    "while ! grep -q after /tmp/pipe; do sleep 0.05; done; echo 0 > tracing_on; wait $!; echo ended $?")
        assert "tracing_read_pipe\n" in out and "ended 0" in out
        lines = events(m.run("cat /tmp/pipe"))
        assert [e[5:] for e in lines] == [("tracing_mark_write", "before"), ("tracing_mark_write", "after")]
        assert "entries-written: 0/0 " in m.run("cat trace"), "what trace_pipe has shown is gone"


def test_a_storm_on_four_cpus():
    """Every event on, four CPUs, a reader that cannot keep up: each line is whole, losses are told."""
    with start(cpus=4, mem=256) as m:
        m.run("echo 128 > buffer_size_kb; echo 1 > events/enable; cat trace_pipe > /tmp/pipe & "
              "for n in 1 2 3 4; do (i=0; while [ $i -lt 60 ]; do ls /proc/self > /dev/null; i=$((i+1)); done) & done; "
              "j=0; while [ $j -lt 40 ]; do cat trace > /dev/null; echo 96 > buffer_size_kb; echo 128 > buffer_size_kb; "
              "j=$((j+10)); done; wait %2 %3 %4 %5; echo 0 > events/enable; echo 0 > tracing_on; wait; true", timeout=400)
        bad = m.run("grep -vE '^ *.{1,16}-[0-9]+ +\\[00[0-3]\\] [d.][N.][h.][0-9a-f.]{2} +[0-9]+\\.[0-9]{6}: [a-z_]+: "
                    "|^CPU:[0-3] \\[LOST [0-9]+ EVENTS\\]$' /tmp/pipe | head -5; true")
        assert bad == "", bad
        assert int(m.run("wc -l < /tmp/pipe")) > 1000
        assert len({e[2] for e in events(m.run("grep -m 1 '\\[000\\]' /tmp/pipe; grep -m 1 '\\[003\\]' /tmp/pipe; true"))}) == 2


def test_events_from_boot_and_the_dump_at_a_panic():
    m = Machine(append="trace_event=sched:sched_process_exec,oom: ftrace_dump_on_oops trace_buf_size=256k panic=-1")
    m.allowed = ("Kernel panic",)
    with m:
        m.wait_shell()
        m.run(f"mount -t tracefs tracefs {T} && cd {T}")
        assert "sched:sched_process_exec" in m.run("cat set_event")
        assert m.run("cat buffer_size_kb") == "256\n"
        assert "filename=/init pid=1 old_pid=1" in m.run("cat trace")
        m.child.send("echo goodbye > trace_marker; echo c > /proc/sysrq-trigger\n")
        m.expect("Dumping ftrace buffer:")
        m.expect("tracing_mark_write: goodbye")
