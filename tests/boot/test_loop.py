"""Disks made of files: what losetup and mount -o loop ask for, errors below, and write-back while memory is short."""

import re
import subprocess

from brink import Machine

# What looptest said on Debian's Linux 6.1.
LINUX = """\
unbound size: 0
unbound GET_STATUS64: No such device or address
unbound SET_STATUS64: No such device or address
unbound CLR_FD: No such device or address
unbound SET_CAPACITY: No such device or address
unbound SET_BLOCK_SIZE: No such device or address
unbound CHANGE_FD: No such device or address
unknown ioctl: Invalid argument
SET_FD of nothing: Bad file descriptor
SET_FD of itself: Bad file descriptor
SET_FD of a directory: Invalid argument
SET_FD of /dev/null: Invalid argument
SET_FD: 0
SET_FD again: Resource busy
size: 1024
GET_STATUS64: offset 0 limit 0 flags 0 name  ok
offset 4096: 0
size: 1020
limit: 0
size: 64
flags set: offset 4096 limit 65636 flags 12 name hello ok
GET_STATUS: 0
old: offset 4096 name hello
sysfs offset: 4096
sysfs sizelimit: 65636
sysfs autoclear: 1
sysfs partscan: 1
flags taken away: 0
GET_STATUS64: offset 4096 limit 65636 flags 8 name hello ok
offset below 0: Value too large for data type
offset beyond the end: 0
size: 0
encryption: Invalid argument
all of it: 0
CHANGE_FD of a writable disk: Invalid argument
block size: 512
SET_BLOCK_SIZE 4096: 0
block size: 4096
sysfs logical_block_size: 4096
SET_BLOCK_SIZE 1000: Invalid argument
SET_BLOCK_SIZE 8192: Invalid argument
SET_BLOCK_SIZE 256: Invalid argument
size, the file has grown: 1024
SET_CAPACITY: 0
size: 2048
CLR_FD: 0
size: 0
block size: 512
sysfs loop/offset: No such file or directory
CONFIGURE with an unknown flag: Invalid argument
CONFIGURE with blocks of 700: Invalid argument
CONFIGURE read-only: 0
size in bytes / 512: 4094
block size: 1024
GET_STATUS64: offset 512 limit 0 flags 1 name  ok
sysfs ro: 1
write: Operation not permitted
CHANGE_FD: 0
CHANGE_FD of a directory: Invalid argument
CLR_FD: 0
CONFIGURE with a file opened for reading: 0
sysfs ro: 1
CLR_FD: 0
SET_FD of a device opened for reading: 0
sysfs ro: 1
CLR_FD while somebody else has it open: 0
autoclear: offset 0 limit 0 flags 5 name  ok
one user left: offset 0 limit 0 flags 5 name  ok
after the last: No such device or address
a loop device on a loop device: 0
the same size: 1
write through both: 512
CLR_FD: 0
CLR_FD: 0
read from the file: 12
through both
ADD 3: File exists
REMOVE 33: No such device
ADD 33: 33
its node: 0
REMOVE 33: 0
its node: No such file or directory
ADD 33 once more: 33
REMOVE 33: 0
REMOVE -1: Invalid argument
unknown: Function not implemented
free again: 1
"""


def disk(path, mib, *options):
    with open(path, "wb") as f:
        f.truncate(mib << 20)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", *options, path], check=True)
    return path


def fsck(image):
    check = subprocess.run(["e2fsck", "-fn", image], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout


def free_loop(m):
    return m.run("losetup -f").strip()


def test_ioctls_and_busybox(tmp_path):
    """The same answers as Linux, on ext2 and on tmpfs; then what a user types."""
    with Machine(mem=128, cpus=4, append="loglevel=4", disks=(disk(tmp_path / "disk", 32),)) as m:
        m.wait_shell()
        m.run("mkdir /d /m; mount -t ext2 /dev/vda /d")
        for place in ("/d/file", "/tmp/file"):
            lines = [x for x in m.run(f"looptest {place}").splitlines() if not x.startswith("[")]
            assert lines == LINUX.splitlines()
        assert m.run("ls -l /dev/loop* | awk '{print $5, $6, $10}'").split("\n")[:2] == [
            "10, 237 /dev/loop-control", "7, 0 /dev/loop0"]
        assert "loop" not in m.run("cat /proc/partitions")
        before = m.settled()
        m.run("truncate -s 8M /d/img; mke2fs -F /d/img > /dev/null; mount -t ext2 -o loop /d/img /m")
        assert m.run("cat /sys/block/loop0/loop/backing_file /sys/block/loop0/loop/autoclear").split() == ["/d/img", "1"]
        assert m.run("cat /sys/dev/block/7:0/loop/backing_file").strip() == "/d/img"      # where losetup(8) looks
        assert "/dev/loop0 /m ext2 rw" in m.run("cat /proc/mounts")
        assert re.search(r"^ +7 +0 +8192 loop0$", m.run("cat /proc/partitions"), re.M)
        # In use: the file system below cannot go, nor can the device; it goes with its mount.
        assert "busy" in m.run("! umount /d 2>&1")
        m.run("losetup -d /dev/loop0; echo kept > /m/a; sync; umount /m; ! [ -e /sys/block/loop0/loop ]")
        # A table of partitions in a file, and one of them as a file system; swap is refused.
        m.run("truncate -s 8M /d/parts; losetup -P /dev/loop1 /d/parts")
        m.run("blkpg add /dev/loop1 1 1048576 4194304; mke2fs -F /dev/loop1p1 > /dev/null; mount -t ext2 /dev/loop1p1 /m")
        m.run("echo part > /m/b; losetup -d /dev/loop1; umount /m")
        m.run("! [ -e /dev/loop1p1 ]; ! losetup -d /dev/loop1 2>/dev/null; losetup -o 1048576 /dev/loop1 /d/parts")
        assert m.run("mount -t ext2 -o ro /dev/loop1 /m && cat /m/b && umount /m").strip() == "part"
        assert "Invalid argument" in m.run("! swapon /dev/loop1 2>&1; losetup -d /dev/loop1")
        m.run("umount /d; mount -t ext2 /dev/vda /d")
        assert m.run("mount -t ext2 -o loop,ro /d/img /m; cat /m/a; umount /m").strip() == "kept"
        assert free_loop(m) == "/dev/loop0"
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 1024      # the two that were used keep their requests and threads
        m.run("umount /d")
        m.power_off()
    fsck(tmp_path / "disk")


def test_file_systems_in_each_other_while_memory_is_short(tmp_path):
    """ext2 in ext2 in ext2, more dirty data than memory, and a hog: nothing hangs, is lost or mixed up."""
    image, inner = disk(tmp_path / "disk", 48), tmp_path / "inner"
    with Machine(mem=40, cpus=4, append="loglevel=4", disks=(image,)) as m:
        m.wait_shell()
        m.run("mkdir /d /m /n; mount -t ext2 /dev/vda /d; truncate -s 40M /d/img; mke2fs -F /d/img > /dev/null")
        m.run("mount -t ext2 -o loop /d/img /m; truncate -s 36M /m/img; mke2fs -F /m/img > /dev/null")
        m.run("mount -t ext2 -o loop /m/img /n")
        m.run("mkdir /h; mount -t tmpfs -o size=100% none /h; dd if=/dev/zero of=/h/hog bs=1M count=10 2>/dev/null")
        m.run("dd if=/dev/urandom of=/n/a bs=64k count=144 2>/dev/null; md5sum < /n/a > /tmp/sum", 180)
        m.run("cp /n/a /n/b & cp /n/a /n/c; wait; sync", 300)
        m.run("rm /h/hog; echo 3 > /proc/sys/vm/drop_caches")
        sums = m.run("cat /tmp/sum; for f in a b c; do md5sum < /n/$f; done", 180).split()
        assert len(set(sums)) == 2 and "-" in sums          # one sum, and md5sum's dashes
        m.run("umount /n; umount /m; ! [ -e /sys/block/loop0/loop ]; ! [ -e /sys/block/loop1/loop ]; umount /d", 120)
        assert "out of memory" not in m.console.lower() and "error" not in m.run("dmesg | grep -i loop")
        m.power_off()
    fsck(image)
    subprocess.run(["debugfs", "-R", f"dump /img {inner}", image], check=True, capture_output=True)
    fsck(inner)
    subprocess.run(["debugfs", "-R", f"dump /img {inner}2", inner], check=True, capture_output=True)
    fsck(f"{inner}2")


def test_errors_below(tmp_path):
    """A full file system below, a file that was cut, a disk that does not write: who writes is told, and all goes on."""
    image = disk(tmp_path / "disk", 8)
    broken = disk(tmp_path / "broken", 8, "-b", "4096")
    # From 2 MiB on the second disk does not write.
    rules = "".join(f"file.inject-error.{n}.event=none,file.inject-error.{n}.iotype=write,file.inject-error.{n}.errno=5,"
                    f"file.inject-error.{n}.once=off,file.inject-error.{n}.sector={(2 << 11) + n * 8}," for n in range(64))
    bad = f"driver=raw,file.driver=blkdebug,{rules}file.image.driver=file,file.image.filename={broken}"
    with Machine(mem=128, append="loglevel=4", disks=(image, bad)) as m:
        m.wait_shell()
        m.run("mkdir /d /e; mount -t ext2 /dev/vda /d; mount -t ext2 /dev/vdb /e")
        # Full: the file is longer than what is left on the disk.
        m.run("truncate -s 16M /d/img; losetup /dev/loop0 /d/img")
        out = m.run("! dd if=/dev/zero of=/dev/loop0 bs=64k count=200 conv=fsync 2>&1")
        assert "loop: Write error at byte offset" in m.run("dmesg")
        assert "I/O error, dev loop0" in m.run("dmesg") and "Input/output error" in out
        # Cut: what is gone reads as zeroes, a write makes it longer.
        m.run("losetup -d /dev/loop0; truncate -s 0 /d/img; truncate -s 1M /d/img; losetup /dev/loop0 /d/img; truncate -s 0 /d/img")
        assert m.run("head -c 8192 /dev/loop0 | md5sum; head -c 8192 /dev/zero | md5sum").split()[::2] == \
            [m.run("head -c 8192 /dev/zero | md5sum").split()[0]] * 2
        m.run("echo hello | dd of=/dev/loop0 bs=512 seek=3 conv=fsync 2>/dev/null; [ $(stat -c %s /d/img) -ge 1541 ]")
        assert "hello" in m.run("cat /d/img")
        m.run("losetup -d /dev/loop0; umount /d")
        # Broken: the error comes up to fsync through both file systems.
        m.run("truncate -s 6M /e/img; losetup /dev/loop0 /e/img")
        out = m.run("! dd if=/dev/urandom of=/dev/loop0 bs=64k count=96 conv=fsync 2>&1")
        assert re.search("[Ii]nput/output error|I/O error", out)
        m.run("losetup -d /dev/loop0; umount /e; losetup -f")
        m.power_off()
    fsck(image)
