"""Long runs: `make soak`. The same checks as the boot tests, for longer and with more at once.

SOAK_MINUTES=60 make soak PYTEST_ARGS='-k overload -s' is an hour of overload.
"""

import os
import re
import time

import ext2_fuzz
import ext2_powerfail
from brink import Machine


def test_five_hundred_oom_kills_with_swap():
    with Machine(mem=96, swap=32, cpus=4) as m:
        m.wait_shell()
        m.run("dmesg -n 1")
        before = m.settled()
        for _ in range(100):
            m.run("big_mm & big_mm & big_mm & big_mm & big_mm & wait", 300)
        after = m.settled()
        assert m.vmstat()["oom_kill"] >= 500
        assert before["MemFree"] - after["MemFree"] < 2048
        assert before["SwapFree"] - after["SwapFree"] < 2048


def test_swap_for_a_long_time():
    with Machine(mem=192, swap=512, cpus=4) as m:
        m.wait_shell()
        m.run("swapcheck 8 60 10", 3600)
        m.run("swapcheck 2 200 10", 3600)


def test_fork_bombs_under_pressure():
    with Machine(mem=128, swap=64, cpus=4) as m:
        m.wait_shell()
        before = m.settled()
        m.run("dmesg -n 1; ulimit -u 600; for i in 1 2 3 4 5; do big_mm & forkbomb 10; done; wait", 1200)
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 4096


def test_fifty_power_failures(tmp_path):
    for seed in range(1000, 1050):
        ext2_powerfail.kill_and_check(tmp_path, seed)


def test_hundreds_of_broken_disks(tmp_path):
    base = ext2_fuzz.base_image(tmp_path)
    for seed in range(100, 200):
        images = ext2_fuzz.spoiled(base, seed, tmp_path, 16)
        ext2_fuzz.boot(images)
        for image in images:
            image.unlink()


# What none of the programs and no part of the kernel may say. A process that dies of a failed allocation is no damage.
DAMAGE = (r"page \d+ word", "differ", "BUG:", "WARNING:", "Kernel panic", "blocked for more than")


def test_overload(tmp_path):
    """SOAK_MINUTES (3) from SOAK_SEED (1) on: no panic, no hang, no page of somebody else's, all counters back."""
    seed = int(os.environ.get("SOAK_SEED", "1"))
    end = time.monotonic() + 60 * float(os.environ.get("SOAK_MINUTES", "3"))
    with open(tmp_path / "disk", "wb") as f:
        f.truncate(16 << 20)
    rule = "file.inject-error.0."
    disk = (f"driver=raw,file.driver=blkdebug,{rule}event=none,{rule}iotype=read,{rule}errno=5,{rule}once=off,"
            f"{rule}sector=9000,file.image.driver=file,file.image.filename={tmp_path / 'disk'}")
    with Machine(mem=256, swap=256, cpus=4, disks=[disk], append=f"fail_page_alloc=0,{seed}") as m:
        m.wait_shell()
        m.run("dmesg -n 1; overload 1 20; sysvipc clean", 300)    # what stays is made before we count
        before = m.settled()
        while time.monotonic() < end:
            said = m.run_status(f"overload {seed} 80", 600)[1] + m.run("dmesg -c")
            assert "fuzz: seed" in said, said
            for sign in DAMAGE:
                assert not re.search(sign, said), f"seed {seed}: " + "\n".join(re.findall(f".*{sign}.*", said))
            m.run("sysvipc clean; swapoff /dev/vda && swapon /dev/vda", 120)
            after = m.settled()
            print(f"seed {seed}:", {k: before[k] - after[k] for k in before})
            assert before["SwapFree"] == after["SwapFree"]
            assert before["MemFree"] - after["MemFree"] < 4096
            assert abs(before["Committed_AS"] - after["Committed_AS"]) < 512
            seed += 1
