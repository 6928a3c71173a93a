"""Power-on to a shell: machines, CPUs, sizes of memory, ways of booting."""

import re

import pytest

from brink import Machine, ROOT


@pytest.mark.parametrize("cpus", [1, 2, 4, 8])
def test_all_cpus_come_up(cpus):
    with Machine(mem=256, cpus=cpus) as m:
        m.wait_shell()
        assert m.run("grep -c ^processor /proc/cpuinfo").strip() == str(cpus)


@pytest.mark.parametrize("mem", [32, 64, 1024, 3072, 16384])
def test_boots_in_any_memory(mem):
    with Machine(mem=mem, cpus=1) as m:
        m.wait_shell(120)
        total = m.meminfo()["MemTotal"]
        assert mem * 1024 * 0.80 < total <= mem * 1024


@pytest.mark.parametrize("cpu", ["qemu64", "max"])
@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_machines_and_cpus(cpu, machine):
    with Machine(mem=256, cpu=cpu, machine=machine, swap=32) as m:
        m.wait_shell()
        assert "/dev/vda" in m.run("cat /proc/swaps")
        m.power_off()


def test_uname_is_linux():
    with Machine(mem=128) as m:
        m.wait_shell()
        assert m.run("uname -srm").strip() == "Linux 6.1.0-brink x86_64"
        assert "Brink" in m.run("cat /proc/version")


def test_memory_free_at_the_shell():
    with Machine(mem=512, checks=False) as m:
        m.wait_shell()
        # of the root file system only what the user's has: not the programs that are here for the tests
        tests = " ".join(p.stem for p in (ROOT / "user/tests").glob("*.c"))
        m.run(f"cd /bin && rm {tests} && cd /")
        assert m.meminfo()["MemFree"] >= 0.97 * 512 * 1024


def test_no_highmem():
    with Machine(mem=512, highmem=0) as m:
        m.wait_shell()
        assert not re.search(r"zone +HighMem", m.run("cat /proc/buddyinfo"))


def test_unknown_words_reach_init():
    with Machine(mem=128, append="some=thing word") as m:
        m.wait_shell()
        environment = m.run("tr '\\0' '\\n' < /proc/1/environ")
        assert "some=thing" in environment
        assert "word" in m.run("tr '\\0' ' ' < /proc/1/cmdline")
