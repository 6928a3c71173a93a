"""Power-on to a shell: machines, CPUs, sizes of memory, ways of booting."""

import re

import pytest

from brink import BUILD, Machine, ROOT


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


def cpio(name, mode, data=b"", namesize=None):
    name = name.encode() + b"\0"
    fields = (1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) if namesize is None else namesize, 0)
    out = b"070701" + b"".join(b"%08x" % f for f in fields) + (name if namesize != 0 else b"")
    out += bytes(-len(out) % 4) + data
    return out + bytes(-len(out) % 4)


def test_an_archive_with_what_cannot_be_made(tmp_path):
    """It is left out without a word, and the rest is made: so does Linux (asked with this very archive)."""
    archive = bytearray((BUILD / "test-initramfs.cpio.gz").read_bytes())
    # a trailer that says it is a symbolic link of 100,000 bytes; then another archive
    archive += bytes(-len(archive) % 512) + cpio("TRAILER!!!", 0o120777, b"A" * 100000) + bytes(512)
    archive += bytes(-len(archive) % 512)
    archive += cpio("strange", 0o40755)
    for name, mode, data, *size in (
            ("strange/nodir/x", 0o100644, b"no such directory"), ("strange/long", 0o120777, b"/" * 5000),
            ("strange/none", 0o644, b"of no type"), ("strange/full", 0o40755, b""), ("strange/full/x", 0o100644, b"x"),
            ("strange/full", 0o100644, b"a directory that is not empty"), ("n" * 5000, 0o100644, b"a long name"),
            ("", 0o100644, b"no name", 0), ("strange/after", 0o100644, b"it is here"), ("TRAILER!!!", 0, b"")):
        archive += cpio(name, mode, data, *size)
    image = tmp_path / "archive"
    image.write_bytes(archive + bytes(192 << 10))
    with Machine(mem=128, cpus=1, initramfs=image) as m:
        m.wait_shell()
        assert m.run("cd /strange; find . -type f -o -type l | sort; cat after; cd /").split() == \
            ["./after", "./full/x", "it", "is", "here"]
        assert "unpacking failed" not in m.console
