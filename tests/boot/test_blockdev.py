"""Several disks, their partitions, and disks with errors in the wrong places."""

import binascii
import re
import struct

import pytest

from brink import Machine

MIB = 2048      # sectors


def disk(path, mib=16):
    with open(path, "wb") as f:
        f.truncate(mib << 20)
    return path


def entry(image, sector, n, kind, start, size):
    with open(image, "r+b") as f:
        f.seek(sector * 512 + 446 + 16 * n)
        f.write(struct.pack("<B3xB3xII", 0, kind, start, size))
        f.seek(sector * 512 + 510)
        f.write(b"\x55\xaa")


def mbr(path, mib=16):
    """vda1, an extended partition with two logical ones, and one that reaches beyond the disk's end."""
    disk(path, mib)
    entry(path, 0, 0, 0x83, MIB, 4 * MIB)
    entry(path, 0, 1, 0x05, 5 * MIB, 6 * MIB)
    entry(path, 0, 2, 0x83, 12 * MIB, 100 * MIB)
    entry(path, 0, 3, 0x83, 500 * MIB, MIB)
    entry(path, 5 * MIB, 0, 0x82, 63, 2 * MIB)
    entry(path, 5 * MIB, 1, 0x05, 3 * MIB, 2 * MIB)
    entry(path, 8 * MIB, 0, 0x83, 63, MIB)
    return path


def gpt(path, mib=16, parts=((2 * MIB, 3 * MIB - 1), (4 * MIB, 8 * MIB - 1))):
    disk(path, mib)
    last = mib * MIB - 1
    entries = b"".join(b"\x11" * 16 + b"\x22" * 16 + struct.pack("<QQQ", a, b, 0) + bytes(72) for a, b in parts)
    entries = entries.ljust(128 * 128, b"\0")

    def header(here, other, table):
        h = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, here, other, 34, last - 33, b"\x33" * 16,
                        table, 128, 128, binascii.crc32(entries))
        return h[:16] + struct.pack("<I", binascii.crc32(h)) + h[20:]

    entry(path, 0, 0, 0xEE, 1, last)
    with open(path, "r+b") as f:
        for here, other, table in ((1, last, 2), (last, 1, last - 32)):
            f.seek(here * 512)
            f.write(header(here, other, table))
            f.seek(table * 512)
            f.write(entries)
    return path


def partitions(m):
    return re.findall(r"^ *(\d+) +(\d+) +(\d+) (\w+)", m.run("cat /proc/partitions"), re.M)


def test_mbr_and_gpt(tmp_path):
    with Machine(mem=128, cpus=4, disks=(mbr(tmp_path / "a"), gpt(tmp_path / "b"), disk(tmp_path / "c"))) as m:
        m.wait_shell()
        assert " vda: vda1 vda2 < vda5 vda6 > vda3 vda4\r" in m.console
        assert "vda: p3 size 204800 extends beyond EOD, truncated" in m.console
        assert "vda: p4 start 1024000 is beyond EOD, truncated" in m.console
        assert " vdb: vdb1 vdb2\r" in m.console and " vdc:" not in m.console
        assert partitions(m) == [
            ("254", "0", "16384", "vda"), ("254", "1", "4096", "vda1"), ("254", "2", "1", "vda2"),
            ("254", "3", "4096", "vda3"), ("254", "5", "2048", "vda5"), ("254", "6", "1024", "vda6"),
            ("254", "16", "16384", "vdb"), ("254", "17", "1024", "vdb1"), ("254", "18", "4096", "vdb2"),
            ("254", "32", "16384", "vdc")]
        assert m.run("cd /sys/block/vda/vda5; cat start size partition dev").split() == ["10303", "4096", "5", "254:5"]
        assert m.run("cd /sys/block; ls -d vd*").split() == ["vda", "vdb", "vdc"]
        assert m.run("cat /sys/block/vdb/queue/logical_block_size /sys/block/vdb/ro").split() == ["512", "0"]
        assert "4194304 bytes" in m.run("blkpg size /dev/vdb2")
        # A partition's bytes are the disk's at its place; its end is an end.
        m.run("echo hello > /dev/vdb2; sync; dd if=/dev/vdb bs=1M skip=4 count=1 2>/dev/null | head -c5 | grep hello")
        out = m.run("! dd if=/dev/zero of=/dev/vdb1 bs=64k count=17 2>&1")
        assert "No space left on device" in out and "16+0 records out" in out
        m.run("dd if=/dev/vdb bs=1M skip=4 count=1 2>/dev/null | head -c5 | grep hello")
        # Both a partition's and its disk's counters move: 2,048 sectors went to vdb1.
        lines = {f[2]: list(map(int, f[3:])) for f in (x.split() for x in m.run("cat /proc/diskstats").splitlines())
                 if len(f) > 10}
        assert lines["vdb1"][6] == 2048 and lines["vdb"][6] >= 2049 and lines["vdb2"][6] in (1, 8)
        assert m.run("cat /sys/block/vdb/vdb1/stat").split()[6] == "2048"
        # sendfile(2) knows the end, too: 4096 bytes of 8192 fit, and beyond there is no room.
        assert "4096 bytes" in m.run("blkpg send /dev/vdb1 /bin/busybox 1044480 8192")
        assert "No space left" in m.run("! blkpg send /dev/vdb1 /bin/busybox 1048576 8192")
        # Swap on a partition: the disk is taken, another partition is not.
        m.run("mkswap /dev/vda5 && swapon /dev/vda5")
        assert re.search(r"^/dev/vda5 +partition\t2044\t", m.run("cat /proc/swaps"), re.M)
        m.run("mkswap /dev/vda1 && swapon /dev/vda1; ! swapon /dev/vda")
        # And a table is not read again while a partition is in use.
        out = m.run("! blockdev --rereadpt /dev/vda 2>&1")
        assert "Device or resource busy" in out
        m.run("swapoff /dev/vda1; swapoff /dev/vda5; blockdev --rereadpt /dev/vda")
        assert len(partitions(m)) == 10


def test_partitions_by_hand(tmp_path):
    with Machine(mem=128, disks=(disk(tmp_path / "a"),)) as m:
        m.wait_shell()
        before = m.settled()
        assert "done" in m.run("blkpg add /dev/vda 1 1048576 2097152")
        assert "done" in m.run("blkpg add /dev/vda 20 4194304 1048576")
        assert [p[3] for p in partitions(m)] == ["vda", "vda1", "vda20"]
        assert m.run("cat /sys/block/vda/vda20/dev").strip() == "259:0"
        assert m.run("ls -l /dev/vda20 | awk '{print $5, $6}'").strip() == "259, 0"
        for arguments, why in (("add /dev/vda 1 8388608 1048576", "Resource busy"),
                               ("add /dev/vda 2 2097152 1048576", "Resource busy"),
                               ("add /dev/vda 2 100 1048576", "Invalid argument"),
                               ("add /dev/vda 2 16777216 512", "Invalid argument"),
                               ("add /dev/vda 300 8388608 512", "Invalid argument"),
                               ("add /dev/vda1 2 0 512", "Invalid argument"),
                               ("del /dev/vda 2", "No such device or address"),
                               ("resize /dev/vda 1 1048576 8388608", "Resource busy")):
            status, out = m.run_status(f"blkpg {arguments}")
            assert status and why in out, (arguments, out)
        assert "done" in m.run("blkpg resize /dev/vda 1 1048576 3145728")
        assert "3145728 bytes" in m.run("blkpg size /dev/vda1")
        out = m.run("! sh -c 'exec 3< /dev/vda1; blkpg del /dev/vda 1'")
        assert "Resource busy" in out
        m.run("blkpg del /dev/vda 1; blkpg del /dev/vda 20")
        assert [p[3] for p in partitions(m)] == ["vda"] and "vda1" not in m.run("ls /dev /sys/block/vda")
        for _ in range(20):
            m.run("blkpg add /dev/vda 1 1048576 2097152; echo x > /dev/vda1; blkpg del /dev/vda 1")
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 512


def test_table_of_a_broken_disk(tmp_path):
    """The first sector cannot be read: the disk is there, without partitions; so with a broken GPT, whose copy
    counts if the parameter gpt says so."""
    image = mbr(tmp_path / "a")
    broken = (f"driver=raw,file.driver=blkdebug,file.inject-error.0.event=none,file.inject-error.0.iotype=read,"
              f"file.inject-error.0.errno=5,file.inject-error.0.once=off,file.inject-error.0.sector=0,"
              f"file.image.driver=file,file.image.filename={image}")
    other = gpt(tmp_path / "b")
    with open(other, "r+b") as f:
        f.seek(512)
        f.write(b"nothing!")
    with Machine(mem=128, disks=(broken, other), append="gpt") as m:
        m.wait_shell()
        assert "vda: unable to read partition table" in m.console
        assert "Primary GPT is invalid, using alternate GPT." in m.console and " vdb: vdb1 vdb2\r" in m.console
        out = m.run("! dd if=/dev/vda of=/dev/null bs=4k count=1 2>&1")
        assert "I/O error" in out
        m.run("dd if=/dev/vda of=/dev/null bs=4k skip=1 count=1000")


@pytest.mark.parametrize("seed", (1, 2))
def test_random_tables(tmp_path, seed):
    """A disk of random bytes, and one whose tables have random fields."""
    import random
    r = random.Random(seed)
    noise = tmp_path / "noise"
    noise.write_bytes(r.randbytes(1 << 20))
    entry(noise, 0, 0, 5, 1, 1000)
    with open(noise, "r+b") as f:
        f.seek(446)
        f.write(b"\0")
    bad = gpt(tmp_path / "gpt")
    with open(bad, "r+b") as f:
        f.seek(512 + r.randrange(92))
        f.write(r.randbytes(8))
    with Machine(mem=128, disks=(noise, bad, mbr(tmp_path / "m"))) as m:
        m.wait_shell()
        names = [p[3] for p in partitions(m)]
        assert {"vda", "vdb", "vdc", "vdc5"} <= set(names)
        m.run("for d in /dev/vd*; do dd if=$d of=/dev/null bs=64k 2>/dev/null; done; true")


def test_read_only_disk(tmp_path):
    image = mbr(tmp_path / "a")
    with Machine(mem=128, disks=(f"file={image},format=raw,readonly=on",)) as m:
        m.wait_shell()
        assert m.run("cat /sys/block/vda/ro /sys/block/vda/vda1/ro").split() == ["1", "1"]
        assert "Operation not permitted" in m.run("! sh -c 'echo x > /dev/vda1' 2>&1")
        assert "Operation not permitted" in m.run("! blkpg send /dev/vda1 /bin/busybox 0 4096")
        m.run("dd if=/dev/vda1 of=/dev/null bs=64k")
        assert "Permission denied" in m.run("! swapon /dev/vda5 2>&1")
