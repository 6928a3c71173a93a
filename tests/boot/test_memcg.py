"""Memory groups (cgroup v2): limits, hierarchy, swap, throttling, protection, the OOM killer within a group, and that
all charges are back at 0 in the end. Figures: Linux 6.1's recording 12-memcg-v2."""

import os
import re
import shutil
import subprocess

import pytest

from brink import Machine

MKE2FS = shutil.which("mke2fs", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
CG = "/sys/fs/cgroup"
PRELUDE = f"""mkdir -p {CG}; mount -t cgroup2 none {CG}; echo +memory > {CG}/cgroup.subtree_control; cd {CG}
incg() {{ d=$1; shift; sh -c 'echo 0 > $0/cgroup.procs && exec "$@"' {CG}/$d "$@"; }}"""


def boot(**kwargs):
    m = Machine(**kwargs)
    m.wait_shell()
    m.run(PRELUDE)
    return m


def events(m, group, file="memory.events"):
    return {k: int(v) for k, v in re.findall(r"^(\w+) (\d+)$", m.run(f"cat {group}/{file}"), re.M)}


def number(m, file):
    return int(re.search(r"^(\d+)$", m.run(f"cat {file}"), re.M)[1])


def stat(m, group):
    return events(m, group, "memory.stat")


def uptime(m):
    return float(m.run("cat /proc/uptime").split()[0])


def removed(m, *groups):
    """rmdir, and what was charged is given back: nothing is left that names the group."""
    for group in groups:
        m.run(f"rmdir {group}")


def test_a_group_at_its_limit_loses_its_biggest():
    with boot(mem=256) as m:
        m.run("mkdir a; echo 32M > a/memory.max; echo 0 > a/memory.swap.max; dmesg -c > /dev/null")
        before = m.settled()
        m.start("incg a hold 4")
        status, _ = m.run_status("incg a big_mm")
        assert status == 137
        log = m.run("dmesg")
        for line in (r"big_mm invoked oom-killer: gfp_mask=0xcc0\(GFP_KERNEL\), order=0, oom_score_adj=0",
                     r"memory: usage 32768kB, limit 32768kB, failcnt \d+",
                     r"swap: usage 0kB, limit 0kB, failcnt 0", r"Memory cgroup stats for /a:",
                     r"anon \d{8}\s", r"Tasks state \(memory values in pages\):",
                     r"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=\(null\),cpuset=/,mems_allowed=0,oom_memcg=/a,"
                     r"task_memcg=/a,task=big_mm,pid=\d+,uid=0",
                     r"Memory cgroup out of memory: Killed process \d+ \(big_mm\) total-vm:"):
            assert re.search(line, log), line
        assert "Mem-Info" not in log
        # the table names the group's processes only
        table = log[log.index("Tasks state"):log.index("oom-kill:")]
        assert re.findall(r"\[ *\d+\] .* (\w+)\n", table) == ["hold", "big_mm"]
        e = events(m, "a")
        assert e["oom"] >= 1 and e["oom_kill"] == 1 and e["max"] > 1 and e["oom_group_kill"] == 0
        assert number(m, "a/memory.peak") == 32 << 20
        m.run("echo 1 > a/cgroup.kill; while grep -q 'populated 1' a/cgroup.events; do sleep 0.1; done; wait; true")
        assert number(m, "a/memory.current") < 1 << 20
        removed(m, "a")
        after = m.settled()
        assert abs(after["MemFree"] - before["MemFree"]) < 512 and after["Committed_AS"] == before["Committed_AS"]


def test_files_and_their_values():
    with boot(mem=128) as m:
        assert "memory.max" not in m.run(f"ls {CG}")
        m.run("mkdir a")
        assert m.run("cat a/memory.max a/memory.high a/memory.min a/memory.low a/memory.swap.max a/memory.swap.high "
                     "a/memory.current a/memory.oom.group").split() == ["max", "max", "0", "0", "max", "max", "0", "0"]
        for value, shown in (("64M", "67108864"), ("4097", "4096"), ("18446744073709551615", "max"), ("max", "max")):
            m.run(f"echo {value} > a/memory.max")
            assert m.run("cat a/memory.max").strip() == shown
        for value in ("x", "-1", "1.5M"):
            status, output = m.run_status(f"echo {value} > a/memory.max")
            assert status and "Invalid argument" in output
        for file, value in (("memory.oom.group", "2"), ("memory.high", "1k1"), ("memory.reclaim", "max")):
            status, output = m.run_status(f"echo {value} > a/{file}")
            assert status and "Invalid argument" in output, file
        names = [line.split()[0] for line in m.run("cat a/memory.stat").splitlines() if line]
        assert names[:4] == ["anon", "file", "kernel", "kernel_stack"] and names[-1] == "thp_collapse_alloc"
        assert len(names) == 47
        assert re.search(r"^anon N0=0$", m.run("cat a/memory.numa_stat"), re.M)


def test_limits_count_what_lies_below():
    """The limit is the parent's, the eater is in a child: the parent's event, the child's loss."""
    with boot(mem=256) as m:
        # p/x/z has no controller of its own: who lives there is p/x's
        m.run("mkdir p; echo +memory > p/cgroup.subtree_control; mkdir p/x p/y p/x/z; echo 32M > p/memory.max; "
              "echo 0 > p/memory.swap.max")
        m.start("incg p/x/z hold 20")
        status, _ = m.run_status("incg p/y big_mm; s=$?; wait; (exit $s)")
        assert status == 137
        log = m.run("dmesg")
        assert re.search(r"oom_memcg=/p,task_memcg=/p/x,task=hold", log)
        assert re.search(r"oom_memcg=/p,task_memcg=/p/y,task=big_mm", log)
        assert events(m, "p")["oom_kill"] == 2
        local = events(m, "p", "memory.events.local")
        assert local["oom"] >= 2 and local["oom_kill"] == 0
        assert events(m, "p/x")["oom"] == 0 and events(m, "p/x")["oom_kill"] == 1
        removed(m, "p/x/z", "p/x", "p/y", "p")


def test_a_group_dies_as_a_whole():
    with boot(mem=256) as m:
        m.run("mkdir b; echo 32M > b/memory.max; echo 0 > b/memory.swap.max; echo 1 > b/memory.oom.group")
        m.start("incg b hold 2")
        m.start("incg b sh -c 'echo -1000 > /proc/self/oom_score_adj; exec hold 3'")
        status, _ = m.run_status("incg b big_mm")
        assert status == 137
        m.wait_until("grep -q '^oom_kill 3' b/memory.events")      # big_mm may be gone before the others' turn comes
        log = m.run("dmesg")
        assert "Tasks in /b are going to be killed due to memory.oom.group set" in log
        assert len(re.findall(r"Memory cgroup out of memory: Killed process \d+ \(big_mm\)", log)) == 2
        assert len(re.findall(r"Memory cgroup out of memory: Killed process \d+ \(hold\)", log)) == 1
        e = events(m, "b")
        assert e["oom_group_kill"] == 1 and e["oom_kill"] == 3
        assert len(m.run("cat b/cgroup.procs").split()) == 1          # the one at -1000
        m.run("kill -9 $(cat b/cgroup.procs); wait; true")
        removed(m, "b")


def test_swap_is_limited_and_outlives_its_group():
    with boot(mem=256, swap=128) as m:
        m.run("mkdir a; echo 24M > a/memory.max; echo 16M > a/memory.swap.max")
        before = m.settled()
        status, _ = m.run_status("incg a hold 60 1")
        assert status == 137
        e = events(m, "a", "memory.swap.events")
        # a limit that was met to the page has refused nobody: then nothing more is sent to swap
        assert e["max"] > 0 or "swap: usage 16384kB, limit 16384kB, failcnt 0" in m.run("dmesg")
        assert e["fail"] == e["max"]
        # A victim's exit reads a page of its own that is in swap, and the group is still full: it is not asked for
        # another victim until the reaper comes (two seconds, hundreds of tries), the read fails.
        ooms = events(m, "a")["oom"]
        status, _ = m.run_status("incg a oomcast robust map=60 touch=60")
        assert status == 137 and ooms < events(m, "a")["oom"] < ooms + 10
        m.run("echo max > a/memory.swap.max; mkfifo /tmp/go 2>/dev/null; mkdir -p /tmp; mkfifo /tmp/go; true")
        # a shell that holds its memory in swap and then leaves the group
        m.run(f"incg a hold 60 3600 & until [ $(cat a/memory.swap.current) -gt {30 << 20} ]; do sleep 0.2; done")
        assert number(m, "a/memory.current") <= 24 << 20
        m.run(f"echo $(cat a/cgroup.procs) > {CG}/cgroup.procs")
        removed(m, "a")            # with its pages and slots left behind
        assert m.meminfo()["SwapFree"] < before["SwapFree"] - 30 * 1024
        m.run("killall -9 hold; wait; true")
        m.run("mkdir a; echo 16M > a/memory.max; rmdir a")
        # what was on its way to the disk as its owner died stays in the swap cache until somebody wants the memory
        m.run("swapoff /dev/vda; swapon /dev/vda")
        after = m.settled()
        assert after["SwapFree"] == before["SwapFree"]
        assert abs(after["MemFree"] - before["MemFree"]) < 512


def test_high_slows_down_and_does_not_kill():
    with boot(mem=256) as m:
        m.run("mkdir a; echo 16M > a/memory.high; echo 0 > a/memory.swap.max")
        m.run("incg a hold 40 &")
        m.wait_until("[ $(cat a/memory.current) -gt $((16 << 20)) ] && "
                     "grep -q mem_cgroup_handle_over_high /proc/$(head -n1 a/cgroup.procs)/wchan")
        since, first = uptime(m), number(m, "a/memory.current")
        m.run("sleep 1")
        # not stopped, but slow
        assert number(m, "a/memory.current") - first < (1 << 20) + (2 << 20) * (uptime(m) - since)
        e = events(m, "a")
        assert e["high"] > 10 and e["oom_kill"] == 0 and e["max"] == 0
        m.run("killall -9 hold; wait; true")
        removed(m, "a")


def test_lowering_max_and_reclaim():
    with boot(mem=256, swap=128) as m:
        m.run("mkdir a")
        m.start("incg a hold 40")
        before = number(m, "a/memory.current")
        m.run("echo 8M > a/memory.reclaim")
        # what was asked for, and little more: reclaim for the last pages looks at 32 of each list at a time
        assert 7 << 20 <= before - number(m, "a/memory.current") <= 9 << 20
        status, output = m.run_status("echo 1G > a/memory.reclaim")
        assert status and "Resource temporarily unavailable" in output
        # all that could be had; what is being written can not
        assert number(m, "a/memory.current") < 20 << 20 and number(m, "a/memory.swap.current") > 20 << 20
        m.run("echo 0 > a/memory.swap.max; echo 0 > a/memory.max; wait; true")
        assert events(m, "a")["oom_kill"] == 1
        assert re.search(r"Memory cgroup out of memory: Killed process \d+ \(hold\)", m.run("dmesg"))
        removed(m, "a")


def test_protection_under_pressure():
    """min keeps its own to the end; low as long as others have something to give."""
    with boot(mem=192, swap=256) as m:
        m.run("mkdir g l o; echo 40M > g/memory.min; echo 32M > l/memory.low")
        for group, mib in (("g", 36), ("l", 30), ("o", 30), ("o", 110)):
            m.start(f"incg {group} hold {mib}", timeout=120)
        assert number(m, "g/memory.current") > 35 << 20
        assert number(m, "g/memory.swap.current") == 0
        assert number(m, "l/memory.swap.current") < number(m, "o/memory.swap.current")
        m.run("killall -9 hold; wait; true")
        removed(m, "g", "l", "o")


def test_dirty_pages_without_protection_go_before_clean_ones_with(tmp_path):
    """Under their parent's limit one group reads a file and has memory.low, the other writes to a slow disk more than
    there is room for: its pages are waited for."""
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(96 << 20))
    subprocess.run([MKE2FS, "-q", "-F", "-t", "ext2", disk], check=True)
    with boot(mem=256, disks=[f"file={disk},format=raw,cache=unsafe,throttling.bps-write={16 << 20}"]) as m:
        m.run("mkdir -p /mnt; mount -t ext2 /dev/vda /mnt; dd if=/dev/zero of=/mnt/mine bs=1M count=16 2> /dev/null; sync; "
              "echo 3 > /proc/sys/vm/drop_caches; mkdir p; echo +memory > p/cgroup.subtree_control; mkdir p/low p/other; "
              "echo 40M > p/memory.max; echo 30M > p/memory.low; echo 30M > p/low/memory.low")
        m.run("incg p/low cat /mnt/mine > /dev/null")
        assert stat(m, "p/low")["file"] >= 16 << 20
        m.run("incg p/other dd if=/dev/zero of=/mnt/theirs bs=1M count=48 2> /dev/null", 120)
        assert stat(m, "p/low")["file"] >= 16 << 20 and events(m, "p/low")["low"] == 0
        assert events(m, "p")["max"] > 0
        removed(m, "p/low", "p/other", "p")
        m.run("rm /mnt/mine /mnt/theirs; umount /mnt", 60)


def test_who_reads_a_file_first_pays():
    with boot(mem=128) as m:
        m.run("mkdir a b; mkdir -p /tmp/t; mount -t tmpfs none /tmp/t")
        m.run("incg a dd if=/dev/zero of=/tmp/t/f bs=1M count=8 2>/dev/null; incg b cat /tmp/t/f > /dev/null")
        assert stat(m, "a")["file"] >= 8 << 20 and stat(m, "b")["file"] < 1 << 20
        removed(m, "a")                     # the pages stay its own, and go with the file
        m.run("rm /tmp/t/f; umount /tmp/t")
        removed(m, "b")


def test_kernel_memory_is_charged():
    with boot(mem=128) as m:
        # the arguments of an execve, while it copies them: of 4.8 MB
        m.run("mkdir e f; echo 8M > f/memory.max")
        assert "argcharge: all passed" in m.run("incg e argcharge")
        assert number(m, "e/memory.peak") >= 4_800_000 and number(m, "e/memory.current") < 1 << 20
        m.run("incg f argcharge true")      # and once only: they are its stack afterwards
        assert 4_800_000 <= number(m, "f/memory.peak") < 8 << 20
        removed(m, "e", "f")
        m.run("mkdir a")
        m.start("incg a sh -c 'hold 20; true'")
        s = stat(m, "a")
        assert s["kernel_stack"] >= 8192 and s["pagetables"] >= 40960 and s["slab"] > 1000
        assert s["kernel"] >= s["kernel_stack"] + s["pagetables"]
        assert s["anon"] >= 20 << 20 and s["pgfault"] > 5000
        m.run("killall -9 hold; wait; true")
        # a dead task's stack goes a moment later
        m.wait_until("! grep -qE '^(anon|pagetables|kernel_stack) [1-9]' a/memory.stat")
        removed(m, "a")


def test_a_groups_reclaim_takes_its_own_names(tmp_path):
    """Names and inodes of a disk are charged to who looked them up first; others' are not thrown out for them."""
    files = 3000
    for d in ("mine", "theirs"):
        (tmp_path / "tree" / d).mkdir(parents=True)
        for i in range(files):
            (tmp_path / "tree" / d / f"file{i}").touch()
    image = tmp_path / "ext2"
    image.write_bytes(b"")
    os.truncate(image, 32 << 20)
    subprocess.run([MKE2FS, "-q", "-F", "-t", "ext2", "-b", "4096", "-N", "8192", "-d", tmp_path / "tree", image], check=True)
    with boot(mem=192, disks=[image]) as m:
        def cached(cache):
            return int(re.search(rf"^{cache} +(\d+)", m.run("cat /proc/slabinfo"), re.M)[1])
        m.run("mkdir a; mkdir /mnt; mount -t ext2 /dev/vda /mnt")
        m.run("find /mnt/theirs -links 9 | wc -l", 120)         # the older ones
        before = {c: cached(c) for c in ("dentry", "inode_cache")}
        m.run("incg a find /mnt/mine -links 9 | wc -l", 120)
        mine = stat(m, "a")["slab_reclaimable"]
        assert all(cached(c) >= before[c] + files for c in before)
        assert mine > files * 300, mine
        m.run_status("echo 64M > a/memory.reclaim", 120)        # more than it has: EAGAIN in the end
        assert stat(m, "a")["slab_reclaimable"] < mine // 10
        # all of the others' are there, but for what else goes on in the machine
        assert all(before[c] - 200 <= cached(c) <= before[c] + files // 10 for c in before)
        # the machine's reclaim reaches what a removed group has left as well
        m.run("incg a find /mnt/mine -links 9 | wc -l; rmdir a; sync; echo 3 > /proc/sys/vm/drop_caches", 120)
        m.wait_until("grep -q 'nr_dying_descendants 0' cgroup.stat")
        assert all(cached(c) < before[c] - files // 2 for c in before)
        m.run("umount /mnt")


def test_the_kernels_memory_of_a_removed_group_is_its_parents():
    """Files in memory live on, their names and inodes, too: the group does not, and its parent pays."""
    with boot(mem=128) as m:
        m.run("mkdir p; echo +memory > p/cgroup.subtree_control; mkdir p/a p/a2; mkdir /d; mount -t tmpfs none /d")
        m.run("incg p/a sh -c 'cd /d; for i in $(seq 2000); do echo > f$i; truncate -s 0 f$i; done'", 120)
        of_a = stat(m, "p/a")["slab"]
        assert of_a > 2000 * 300, of_a
        m.run("rmdir p/a")
        # No page is its own, so it is gone as soon as the last process' remains are.
        m.wait_until("grep -q 'nr_dying_descendants 0' cgroup.stat")
        assert stat(m, "p")["slab"] > of_a * 9 // 10
        assert number(m, "p/memory.current") > of_a * 9 // 10
        m.run("for i in $(seq 1000); do rm /d/f$i; done", 120)  # the machine's shell, which is in the root group
        half = stat(m, "p")["slab"]
        assert of_a // 4 < half < of_a * 3 // 4, (of_a, half)
        # Now nobody's but the root's; and the rest of it goes while nobody has a group.
        m.run("rmdir p/a2 p")
        m.wait_until("grep -q 'nr_dying_descendants 0' cgroup.stat")
        m.run("for i in $(seq 1001 2000); do rm /d/f$i; done; umount /d", 120)


def test_pages_of_pipes_and_sockets_are_paid_back():
    with boot(mem=128) as m:
        m.run("mkdir a")
        # the reader comes too late, so the pipe's pages go when it is closed, and when they are read
        m.run("incg a sh -c 'seq 20000 | sort | tail -1; seq 20000 | (usleep 300000; head -1); socktest'", 60)
        assert number(m, "a/memory.peak") > 64 << 10
        assert stat(m, "a")["sock"] == 0 and stat(m, "a")["kernel"] < 256 << 10
        removed(m, "a")


def test_moves_and_ooms_on_four_cpus():
    """Processes are moved, killed and their groups removed, on all CPUs at once; nothing is left."""
    with boot(mem=256, cpus=4, swap=64) as m:
        before = m.settled()
        m.run("for g in 1 2 3 4; do mkdir g$g; echo 12M > g$g/memory.max; echo 4M > g$g/memory.swap.max; done\n"
              "one() { n=$1; i=0; while [ $i -lt 4 ]; do i=$((i+1)); incg g$n hold 30 1; incg g$n hold 6 1 & p=$!; "
              "echo $p > g$((n % 4 + 1))/cgroup.procs; mkdir t$n; echo $p > t$n/cgroup.procs; wait $p; rmdir t$n; "
              "done 2>/dev/null; }\n"
              "one 1 & one 2 & one 3 & one 4 & wait", timeout=240)
        assert sum(events(m, f"g{g}")["oom_kill"] for g in (1, 2, 3, 4)) >= 12
        for g in (1, 2, 3, 4):
            assert number(m, f"g{g}/memory.current") < 1 << 20
        removed(m, "g1", "g2", "g3", "g4")
        m.run("swapoff /dev/vda && swapon /dev/vda")    # what died under its write is only in the swap cache
        after = m.settled()
        assert after["SwapFree"] == before["SwapFree"] and after["Committed_AS"] == before["Committed_AS"]
        assert abs(after["MemFree"] - before["MemFree"]) < 1024


def test_a_page_made_slowly_does_not_replace_one_in_swap():
    """Two processes make a page of shared memory at once; one waits for its group's memory meanwhile, the other's page
    goes to swap. Neither's write is lost."""
    with boot(mem=128, cpus=4, swap=128) as m:
        m.run("mkdir slow && echo 2M > slow/memory.max")
        assert "all passed" in m.run(f"shmrace 12 {CG}/slow", 300)
        assert events(m, "slow")["max"] > 0
        removed(m, "slow")


def test_a_kubelet_like_tree():
    """Guaranteed -997, burstable in between, best-effort 1000: the machine's OOM takes the last first."""
    with boot(mem=160) as m:
        m.run("mkdir kubepods; echo +memory > kubepods/cgroup.subtree_control; cd kubepods; "
              "mkdir guaranteed burstable besteffort; cd ..; echo 40M > kubepods/guaranteed/memory.max")
        for group, adj, mib in (("guaranteed", -997, 30), ("burstable", 500, 30), ("besteffort", 1000, 12)):
            m.start(f"incg kubepods/{group} sh -c 'echo {adj} > /proc/self/oom_score_adj; exec hold {mib}'")
        status, _ = m.run_status("hold 100 1", timeout=120)
        log = m.run("dmesg")
        killed = re.findall(r"global_oom,task_memcg=(\S+?),task=", log)
        assert killed and killed[0] == "/kubepods/besteffort"
        assert killed == sorted(killed, key=["/kubepods/besteffort", "/kubepods/burstable", "/"].index)
        assert events(m, "kubepods/guaranteed")["oom_kill"] == 0
        m.run("killall -9 hold; wait; true")
