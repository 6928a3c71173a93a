"""Pages on demand, shared, copied and swapped."""

import re

from brink import Machine


def test_swapped_data_comes_back_under_pressure():
    with Machine(mem=192, swap=256, cpus=4) as m:
        m.wait_shell()
        before = m.settled()
        # All four at once: each keeps its memory until enough has gone out.
        m.run("swapcheck 4 60 3 stay & "
              "until [ $(sed -n 's/^pswpout //p' /proc/vmstat) -gt 5000 ]; do sleep 1; done; kill -USR1 $!; wait $!", 300)
        assert m.vmstat()["pswpout"] > 5000
        assert "oom_kill 0" in m.run("grep oom_kill /proc/vmstat")
        # A page whose last user went while it was being written stays in the swap cache until reclaim or swapoff
        # meets it, as on Linux; how many depends on the disk. Not one of them is lost.
        m.run("swapoff /dev/vda && swapon /dev/vda")
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 2048
        assert before["SwapFree"] == after["SwapFree"]


def test_demand_paging_and_zero_page():
    with Machine(mem=256) as m:
        m.wait_shell()
        out = m.run("demand")
        rows = [tuple(map(int, r)) for r in re.findall(r"RssAnon +(\d+) kB, minor faults \+(\d+)", out)]
        assert len(rows) == 4
        mapped, read, wrote, gone = rows
        assert read[0] - mapped[0] < 64 and read[1] >= 8192
        assert wrote[0] - read[0] >= 32 * 1024 - 64 and wrote[1] >= 8192
        assert gone[0] - mapped[0] < 64


def test_copy_on_write():
    with Machine(mem=256) as m:
        m.wait_shell()
        out = m.run("cow")
        free = [int(x) for x in re.findall(r"MemFree +(\d+) kB", out)]
        assert free[0] - free[1] < 2048                   # fork copied next to nothing
        assert 14 << 10 < free[1] - free[2] < 20 << 10    # half of it was written


def test_stack_grows_to_its_limit():
    with Machine(mem=256) as m:
        m.wait_shell()
        depth = int(re.search(r"SIGSEGV, si_code 1, (\d+) kB", m.run("growstack")).group(1))
        assert 7900 < depth <= 8192
        depth = int(re.search(r"SIGSEGV, si_code 1, (\d+) kB", m.run("ulimit -s 1024; growstack; ulimit -s 8192")).group(1))
        assert depth <= 1024


def test_overcommit_modes():
    with Machine(mem=256, swap=64) as m:
        m.wait_shell()
        assert "would go on" in m.run("overcommit")
        m.run("echo 2 > /proc/sys/vm/overcommit_memory")
        assert "then refused" in m.run("overcommit")
        info = m.meminfo()
        assert info["CommitLimit"] == info["MemTotal"] // 4 // 2 * 4 + info["SwapTotal"]
        assert "Invalid argument" in m.run_status("echo 3 > /proc/sys/vm/overcommit_memory")[1]


def test_swap_disk_without_header():
    import tempfile
    with tempfile.NamedTemporaryFile() as blank:
        blank.truncate(8 << 20)
        with Machine(mem=128, disks=[blank.name]) as m:
            m.wait_shell()
            status, out = m.run_status("swapon /dev/vda")
            assert status != 0 and "Invalid argument" in out
            assert "Unable to find swap-space signature" in m.run("dmesg")


def test_swapoff_brings_everything_back():
    with Machine(mem=192, swap=128, cpus=2) as m:
        m.wait_shell()
        m.run("swapcheck 2 70 1 stay & sleep 1; hold 120 1; swapoff /dev/vda", 200)  # 260 of 310 MiB, then 140 of 180
        assert m.run("cat /proc/swaps").count("/dev/vda") == 0
        assert "intact" in m.run("kill -USR1 %1; wait %1", 100)


def test_maps_and_smaps_agree():
    with Machine(mem=128) as m:
        m.wait_shell()
        maps = m.run("cat /proc/self/maps")
        assert re.search(r"^[0-9a-f]+-[0-9a-f]+ r-xp [0-9a-f]+ \S+ \d+ +/bin/busybox$", maps, re.M)
        assert "[stack]" in maps and "[heap]" in maps
        assert "Pss:" in m.run("cat /proc/self/smaps")
