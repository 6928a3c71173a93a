"""Long runs: `make soak`. The same checks as the boot tests, for longer and with more at once."""

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
