"""What /proc says of memory and of processes agrees with itself."""

import re

from brink import Machine

LRU, MMAP, ANON, BUDDY, SWAPBACKED, NOPAGE, ZERO_PAGE, RESERVED = 5, 11, 12, 10, 14, 20, 24, 32


def words(m, path, index, n=1):
    """@n 64-bit words of a binary file, from word @index on."""
    text = m.run(f"dd if={path} bs=8 skip={index} count={n} 2>/dev/null | od -An -v -tx1")
    raw = bytes.fromhex("".join(text.split()))
    return [int.from_bytes(raw[i:i + 8], "little") for i in range(0, len(raw), 8)]


def bits(word):
    return {b for b in range(64) if word >> b & 1}


def table(text):
    """name -> number, for "Name:   12 kB", "name 12" and "name: 12" lines."""
    return {k: int(v) for k, v in re.findall(r"^([\w()]+):?\s+(\d+)", text, re.M)}


def sleeper(m):
    """The pid of a process that sleeps for as long as the test."""
    return m.run("sleep 1000 & until grep -q sleep /proc/$!/comm && grep -q S.*sleeping /proc/$!/status; do :; done; "
                 "echo $!").split()[-1]


def test_pages_of_a_process_by_their_frames():
    with Machine().wait_shell() as m:
        pid = sleeper(m)
        maps = m.run(f"cat /proc/{pid}/maps")
        stack = re.search(r"-(\w+) rw-p .*\[stack\]", maps)
        text = re.search(r"^(\w+)-\w+ r-xp \w+ \S+ [1-9]", maps, re.M)
        vpn = (int(stack[1], 16) >> 12) - 1              # the stack's last page: arguments, environment
        entry, = words(m, f"/proc/{pid}/pagemap", vpn)
        assert {63, 56} <= bits(entry) and not {62, 61} & bits(entry), "present, exclusive, anonymous"
        pfn = entry & (1 << 55) - 1
        flags, = words(m, "/proc/kpageflags", pfn)
        assert {MMAP, ANON, SWAPBACKED} <= bits(flags) and not {BUDDY, NOPAGE, RESERVED} & bits(flags)
        assert words(m, "/proc/kpagecount", pfn) == [1]
        entry, = words(m, f"/proc/{pid}/pagemap", int(text[1], 16) >> 12)
        assert {63, 61} <= bits(entry), "the program's text is a file's"
        pfn = entry & (1 << 55) - 1
        assert words(m, "/proc/kpagecount", pfn)[0] >= 2, "the shell is the same file"
        assert ANON not in bits(words(m, "/proc/kpageflags", pfn)[0])
        # nothing is mapped at 0; behind the last frame the files end; half a word is refused
        assert words(m, f"/proc/{pid}/pagemap", 0) == [0]
        assert words(m, "/proc/kpageflags", 1 << 30) == []
        assert m.run_status(f"dd if=/proc/{pid}/pagemap of=/dev/null bs=4 count=1")[0] != 0
        # each frame is free, or somebody's, or not there: as many free ones as the kernel counts, but for the
        # blocks (only their first page is marked) -- so: none of them is mapped
        for word in words(m, "/proc/kpageflags", 4096, 2048):
            if BUDDY in bits(word):
                assert not {MMAP, LRU, ANON} & bits(word)
        # a frame is its group's, and the whole file can be read while frames become slabs and cease to be
        m.run("mkdir -p /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; "
              "echo +memory > /sys/fs/cgroup/cgroup.subtree_control; mkdir /sys/fs/cgroup/g; "
              "sh -c 'echo $$ > /sys/fs/cgroup/g/cgroup.procs; exec sleep 1000' & "
              "until grep -q sleep /proc/$!/comm && grep -q S.*sleeping /proc/$!/status; do :; done; echo $! > /tmp/pid")
        pid = m.run("cat /tmp/pid").split()[-1]
        vpn = (int(re.search(r"-(\w+) rw-p .*\[stack\]", m.run(f"cat /proc/{pid}/maps"))[1], 16) >> 12) - 1
        pfn = words(m, f"/proc/{pid}/pagemap", vpn)[0] & (1 << 55) - 1
        assert words(m, "/proc/kpagecgroup", pfn) == [int(m.run("stat -c %i /sys/fs/cgroup/g"))]
        m.run("find /proc /sys > /dev/null 2>&1 & echo 2 > /proc/sys/vm/drop_caches; cat /proc/kpagecgroup > /dev/null; wait $!; true")
        m.run("kill -9 %1 %2; wait; true")


def test_a_file_in_parts_is_the_same_in_pieces_of_any_size():
    with Machine().wait_shell() as m:
        pid = sleeper(m)
        # smaps' numbers are of the moment: the reader maps the shell's text, too
        fixed = "sed 's/ *[0-9]* kB$//'"
        for name, least in (("maps", 300), ("smaps", 4097)):
            file = f"/proc/{pid}/{name}"
            assert int(m.run(f"{fixed} {file} > /tmp/whole; wc -c < {file}")) >= least
            for size in (7, 1000, 4096, 100000):
                m.run(f"dd if={file} bs={size} 2>/dev/null | {fixed} | cmp - /tmp/whole")
        m.run(f"cat /proc/{pid}/maps > /tmp/whole")
        m.run(f"dd if=/proc/{pid}/maps bs=1 skip=300 2>/dev/null > /tmp/tail; tail -c +301 /tmp/whole | cmp - /tmp/tail")
        m.run("kill -9 %1; wait; true")


def test_smaps_rollup_and_status_have_one_sum():
    with Machine().wait_shell() as m:
        pid = sleeper(m)
        smaps = m.run(f"cat /proc/{pid}/smaps")
        rollup = table(m.run(f"cat /proc/{pid}/smaps_rollup"))
        status = table(m.run(f"cat /proc/{pid}/status"))
        for name in ("Rss", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty", "Referenced", "Anonymous"):
            assert sum(map(int, re.findall(rf"^{name}: +(\d+) kB", smaps, re.M))) == rollup[name], name
        assert abs(sum(map(int, re.findall(r"^Pss: +(\d+) kB", smaps, re.M))) - rollup["Pss"]) <= smaps.count("\nPss:")
        assert rollup["Rss"] == status["VmRSS"] == status["RssAnon"] + status["RssFile"] + status["RssShmem"]
        assert sum(map(int, re.findall(r"^Size: +(\d+) kB", smaps, re.M))) == status["VmSize"]
        # what was not touched since counts as not referenced (the text is the shell's, too, and in use)
        stack = f"grep -A 20 stack /proc/{pid}/smaps"
        assert table(m.run(stack))["Referenced"] > 0
        m.run(f"echo 3 > /proc/{pid}/clear_refs")
        assert table(m.run(stack))["Referenced"] > 0, "3: pages of files only"
        m.run(f"echo 1 > /proc/{pid}/clear_refs")
        assert table(m.run(stack))["Referenced"] == 0
        m.run(f"echo 5 > /proc/{pid}/clear_refs")
        assert table(m.run(f"cat /proc/{pid}/status"))["VmHWM"] == status["VmRSS"]
        assert m.run_status(f"echo 0 > /proc/{pid}/clear_refs")[0] and m.run_status(f"echo 6 > /proc/{pid}/clear_refs")[0]
        m.run("kill -9 %1; wait; true")


def test_the_sums_of_vmstat_zoneinfo_and_meminfo():
    with Machine(swap=64).wait_shell() as m:
        m.run("echo 3 > /proc/sys/vm/drop_caches")
        text = m.run("cat /proc/vmstat; echo ==; cat /proc/zoneinfo; echo ==; cat /proc/meminfo")
        vmstat, zoneinfo, meminfo = text.split("==")
        v, info = table(vmstat), table(meminfo)
        slack = 64                                      # pages that move while the three are read

        def zone_sum(name):
            return sum(map(int, re.findall(rf"^ +{name} +(\d+)", zoneinfo, re.M)))
        for name in re.findall(r"^(nr_\w+|workingset_\w+) ", vmstat, re.M):
            if "_threshold" in name:                    # the machine's, no zone has one
                assert 0 < v[name] < info["MemTotal"] // 4
                continue
            assert abs(zone_sum(name) - v[name]) <= slack, name
        assert abs(zone_sum("pages free") - v["nr_free_pages"]) <= slack
        for name, stat in (("MemFree", "nr_free_pages"), ("AnonPages", "nr_anon_pages"), ("Mapped", "nr_mapped"),
                           ("Shmem", "nr_shmem"), ("Dirty", "nr_dirty"), ("Writeback", "nr_writeback"),
                           ("PageTables", "nr_page_table_pages"), ("SReclaimable", "nr_slab_reclaimable"),
                           ("SUnreclaim", "nr_slab_unreclaimable"), ("Unevictable", "nr_unevictable"),
                           ("Mlocked", "nr_mlock"), ("SwapCached", "nr_swapcached")):
            assert abs(info[name] - 4 * v[stat]) <= 4 * slack, name
        assert info["KernelStack"] == v["nr_kernel_stack"]
        assert info["Active"] == info["Active(anon)"] + info["Active(file)"]
        assert info["Slab"] == info["SReclaimable"] + info["SUnreclaim"]
        assert info["HighTotal"] + info["LowTotal"] == info["MemTotal"]
        # everything that was ever allocated is free, or not
        assert v["pgfault"] >= v["pgmajfault"] and v["pgsteal_kswapd"] <= v["pgscan_kswapd"]


def test_io_is_what_dd_has_moved():
    with Machine(swap=64).wait_shell() as m:
        def io():
            return table(m.run("cat /proc/$$/io"))
        before = io()
        m.run("dd if=/dev/zero of=/root/file bs=64k count=16 2>/dev/null")
        after = io()
        grown = {k: after[k] - before[k] for k in after}
        # What execve reads counts: 256 bytes, and the program headers. And a sendfile(2) that is refused.
        headers = int(m.run("hexdump -s 56 -n 2 -e '1/2 \"%d\"' /bin/busybox"))
        assert table(m.run("cat /proc/self/io")) | {"rchar": 256 + 56 * headers, "wchar": 0, "syscr": 3, "syscw": 1} == \
            table(m.run("cat /proc/self/io"))
        assert 1 << 20 <= grown["rchar"] < (1 << 20) + 65536 and 1 << 20 <= grown["wchar"] < (1 << 20) + 65536
        assert 16 <= grown["syscr"] < 16 + 64 and 16 <= grown["syscw"] < 16 + 64
        assert grown["read_bytes"] == grown["write_bytes"] == 0, "a ramfs is no disk"
        m.run("swapoff /dev/vda; echo 3 > /proc/sys/vm/drop_caches")
        before = io()
        m.run("dd if=/dev/vda of=/dev/null bs=1M count=4 2>/dev/null")
        grown = io()["read_bytes"] - before["read_bytes"]
        assert 4 << 20 <= grown <= (4 << 20) + (1 << 20), "the disk's, with what was read ahead"
        # a text file is no empty file to sendfile(2), which BusyBox's cat uses
        m.run("cat /proc/meminfo > /root/copy; grep -q MemTotal /root/copy")


def test_where_a_task_waits():
    with Machine().wait_shell() as m:
        pid = sleeper(m)
        assert re.fullmatch(r"\w*nanosleep\w*", m.run(f"cat /proc/{pid}/wchan"))
        stack = m.run(f"cat /proc/{pid}/stack").split("\n")
        assert all(re.fullmatch(r"\[<0>\] \w+\+0x[\da-f]+/0x[\da-f]+", line) for line in stack if line)
        assert "nanosleep" in stack[0] and "entry_SYSCALL_64_after_hwframe" in stack[-2]
        assert re.match(r"(35|230) (0x[\da-f]+ ){7}0x[\da-f]+\n", m.run(f"cat /proc/{pid}/syscall"))
        # of oneself: read(2), with its arguments
        assert re.match(r"0 (0x[\da-f]+ ){7}0x[\da-f]+\n", m.run("cat /proc/self/syscall")) and m.run("cat /proc/self/wchan") == "0"
        assert m.run("cat /proc/2/syscall") == "-1 0x0 0x0\n"
        sched = m.run(f"cat /proc/{pid}/sched")
        assert sched.startswith(f"sleep ({pid}, #threads: 1)\n-----")
        n = {k: int(v) for k, v in re.findall(r"^(nr_\w+) +: +(\d+)$", sched, re.M)}
        assert n["nr_switches"] == n["nr_voluntary_switches"] + n["nr_involuntary_switches"] > 0
        m.run("kill -9 %1; wait; true")
        # a zombie is in no function, and has no stack any more: 40 of them none of 16 kB
        before = m.meminfo()["KernelStack"]
        m.run("sh -c 'for i in $(seq 40); do true & done; exec sleep 1000' & "
              "until [ $(grep -l 'State:.Z' /proc/[0-9]*/status | wc -l) = 40 ]; do usleep 10000; done", 60)
        assert m.meminfo()["KernelStack"] - before < 40 * 16 // 2
        assert m.run("for p in /proc/[0-9]*; do grep -q 'State:.Z' $p/status && break; done; cat $p/stack $p/wchan; echo; cat $p/syscall"
                     ) == "0\n-1 0x0 0x0\n"
        m.run("kill -9 %1; wait; true")


def test_whose_mode_and_owner_can_be_changed():
    """By root, as on Linux: entries of /proc and /sys keep what they are given; a sysctl is EPERM, and so is the mode of
    a process's file, whose owner is the process's again at the next look; nothing of a process's directory changes."""
    with Machine(mem=64).wait_shell() as m:
        def change(path, mode_error, owner_error, after):
            for command, error in ((f"chmod 711 {path}", mode_error), (f"chown -h 5:6 {path}", owner_error)):
                status, out = m.run_status(f"{command} 2>&1")
                assert (status, "Operation not permitted" in out) == (int(error), error), command
            assert m.run(f"stat -c '%a %u %g' {path}").strip() == after, path

        for path in ("/proc", "/proc/meminfo", "/proc/sysvipc", "/proc/sysvipc/shm", "/proc/pressure/memory", "/sys",
                     "/sys/kernel", "/sys/devices/system/cpu/online"):
            change(path, False, False, "711 5 6")
        for path, mode in (("/proc/sys", 555), ("/proc/sys/vm", 555), ("/proc/sys/vm/swappiness", 644), ("/proc/1", 555),
                           ("/sys/fs/cgroup", 555), ("/proc/1/task/1", 555)):
            change(path, True, True, f"{mode} 0 0")
        for path, mode in (("/proc/1/status", 444), ("/proc/1/task", 555), ("/proc/1/fd", 500)):
            change(path, True, False, f"{mode} 0 0")
        m.run("chmod 640 /proc/meminfo; echo 3 > /proc/sys/vm/drop_caches; touch -d '2001-01-01 00:00:00' /proc/meminfo; truncate -s 5 /proc/meminfo")
        assert m.run("stat -c '%a %u %g' /proc/meminfo").strip() == "640 5 6" and "MemTotal" in m.run("cat /proc/meminfo")
