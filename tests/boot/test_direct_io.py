"""O_DIRECT: what is aligned enough, what it and the page cache see of each other, errors, and a killed process."""

import re

from brink import Machine
from test_loop import disk, fsck

# What diotest said on Debian's Linux 6.1, of a file on a disk made as ext2 and of a disk.
LINUX = """\
write 64 KiB: 65536
write 512 at 512: 512
write at 100: Invalid argument
write of 100: Invalid argument
write from an odd address: Invalid argument
write from an address of 256: Invalid argument
write from an address of 512: 512
write of nothing: 0
read 512 at 1024: 512
read at 100: Invalid argument
read of 100: Invalid argument
read to an odd address: Invalid argument
read to an address of 512: 4096
read of nothing: 0
read at the end: 0
read at an odd place behind the end: 0
read across the end: 4096
cut to 1000: 0
read 4096: 1000
read 512 at 512: 488
read 512 at 1024: 0
write 512 at 512: 512
size: 1024
write behind a hole: 4096
size: 45056
read the hole: 8192
it is zeroes: 1
write into the hole: 4096
size: 45056
plain write: 10000
direct read: 8192
sees it: 1
direct write: 4096
plain read sees it: 1
mapping sees it: 1
direct read: 4096
sees the mapping's: 1
direct write: 4096
mapping sees it: 1
direct write from the mapping of the same file: 4096
it is there: 1
direct read into the mapping of the same file: 4096
it is there: 1
read to nowhere: Bad address
write from nowhere: Bad address
read to where it ends: Bad address
write from where it ends: Bad address
read to read-only memory: Bad address
write from memory never touched: 4096
lseek: 0
writev: 5120
position: 5120
writev with a piece of 100: Invalid argument
preadv: 2048
append: 4096
append: 512
size: 4608
F_SETFL on tmpfs: Invalid argument
open on tmpfs: Invalid argument
open of a directory: Invalid argument
F_SETFL on the disk: 0
F_GETFL: 1
read of 100: Invalid argument
F_SETFL back: 0
read of 100: 100
device: plain write: 8192
direct read: 8192
sees it: 1
direct write of 512: 512
plain read sees it: 1
write at 100: Invalid argument
write of 100: Invalid argument
read to an odd address: Invalid argument
write behind the end: No space left on device
read behind the end: 0

"""


def test_answers_and_mixtures(tmp_path):
    """The same answers as Linux; then reads, writes, mappings and cuts at random, by both ways, also on a loop device."""
    disks = (disk(tmp_path / "disk", 32, "-b", "1024"), disk(tmp_path / "other", 16))
    with Machine(mem=96, cpus=4, append="loglevel=4", disks=disks) as m:
        m.wait_shell()
        m.run("mkdir /d /m; mount -t ext2 /dev/vda /d")
        lines = m.run("diotest /d /dev/vdb").split()
        assert lines == LINUX.split()
        assert "as expected" in m.run("diotest /d random 1 1500", 120)
        m.run("truncate -s 8M /d/img; mke2fs -F -b 4096 /d/img > /dev/null; mount -t ext2 -o loop /d/img /m")
        assert "as expected" in m.run("diotest /m random 2 1500", 180)
        # Several at once, short of memory.
        m.run("mkdir /h; mount -t tmpfs -o size=100% none /h; dd if=/dev/zero of=/h/hog bs=1M count=36 2>/dev/null")
        m.run("for i in 3 4 5; do diotest /d random $i 700 > /tmp/$i & done; diotest /m random 6 500; wait", 300)
        assert m.run("cat /tmp/3 /tmp/4 /tmp/5").count("as expected") == 3
        m.run("umount /m; umount /d")
        m.power_off()
    fsck(disks[0])


def test_errors_and_sigkill(tmp_path):
    """A block that cannot be read or written is EIO to who asks for it, a full disk ENOSPC; a killed reader goes."""
    image = disk(tmp_path / "disk", 8, "-b", "1024")
    with Machine(mem=96, disks=(image,), qmp=True, append="loglevel=4") as m:
        m.wait_shell()
        m.run("mkdir /d; mount -t ext2 /dev/vda /d")
        out = m.run("! dd if=/dev/zero of=/d/full bs=64k count=200 oflag=direct 2>&1")
        assert "No space left" in out
        before = m.run("ls -l /d/full | awk '{print $5}'")
        assert int(before) > 4 << 20
        m.run("dd if=/d/full of=/dev/null bs=64k iflag=direct 2>/dev/null")
        m.run("dd if=/dev/zero of=/d/full bs=64k count=16 oflag=direct conv=notrunc 2>/dev/null; dd if=/dev/null of=/d/full bs=1M seek=2")
        # One who would go on for ever is killed in the middle of it.
        m.run("diotest /d random 1 1000000000 & P=$!; until ls -l /d/file$P | awk '{exit $5 < 9}'; do usleep 20000; done")
        m.run("kill -9 $P; wait $P; [ $? = 137 ]; rm /d/file$P")
        # The disk vanishes.
        m.hmp("drive_del d0")
        out = m.run("! dd if=/d/full of=/dev/null bs=4k count=1 iflag=direct 2>&1; ! dd if=/dev/zero of=/d/full bs=4k count=1 oflag=direct conv=notrunc 2>&1")
        assert len(re.findall("dd: .*Input/output error", out)) == 2
