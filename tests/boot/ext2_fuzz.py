"""Broken disks: images with flipped bytes, many in one boot. Each must give errors, and no harm."""

import os
import random
import struct
import subprocess

from brink import Machine

KINDS = ("super", "descriptors", "bitmaps", "inodes", "directories", "indirect", "anything", "truncated")


class Image:
    """An ext2 image as bytes, and where its metadata are."""

    def __init__(self, data):
        self.data = bytearray(data)
        sb = 1024
        self.block = 1024 << struct.unpack_from("<I", data, sb + 24)[0]
        self.per_group, _, self.inodes_per_group = struct.unpack_from("<III", data, sb + 32)
        self.blocks = struct.unpack_from("<I", data, sb + 4)[0]
        self.first = struct.unpack_from("<I", data, sb + 20)[0]
        self.inode_size = struct.unpack_from("<H", data, sb + 88)[0]
        self.groups = -(-(self.blocks - self.first) // self.per_group)
        self.desc_at = (self.first + 1) * self.block

    def descriptor(self, group):
        return struct.unpack_from("<III", self.data, self.desc_at + 32 * group)

    def inode_at(self, ino):
        group, index = divmod(ino - 1, self.inodes_per_group)
        return self.descriptor(group)[2] * self.block + index * self.inode_size

    def used_inodes(self):
        """The offsets of inodes that have links."""
        every = (self.inode_at(i) for i in range(1, self.groups * self.inodes_per_group + 1) if i == 2 or i > 10)
        return [at for at in every if struct.unpack_from("<H", self.data, at + 26)[0]]

    def blocks_of(self, mode):
        """First blocks of the inodes of a kind."""
        found = []
        for at in self.used_inodes():
            if struct.unpack_from("<H", self.data, at)[0] & 0xF000 == mode:
                found += [b for b in struct.unpack_from("<15I", self.data, at + 40) if b]
        return found

    def indirect_blocks(self):
        found = []
        for at in self.used_inodes():
            if struct.unpack_from("<H", self.data, at)[0] & 0xF000 in (0x4000, 0x8000):
                found += [b for b in struct.unpack_from("<3I", self.data, at + 40 + 48) if b]
        return found

    def spots(self, kind, rnd):
        """A range of bytes to spoil."""
        if kind == "super":
            return 1024, 1024 + 120
        if kind == "descriptors":
            return self.desc_at, self.desc_at + 32 * self.groups
        if kind == "bitmaps":
            start = self.descriptor(rnd.randrange(self.groups))[rnd.randrange(2)] * self.block
            return start, start + self.block
        if kind == "inodes":
            at = rnd.choice(self.used_inodes())
            return at, at + 128
        if kind in ("directories", "indirect"):
            blocks = self.blocks_of(0x4000) if kind == "directories" else self.indirect_blocks()
            start = rnd.choice(blocks) * self.block
            return start, start + self.block // (1 if rnd.random() < 0.5 else 8)
        return 0, len(self.data)

    def spoil(self, kind, rnd):
        if kind == "truncated":
            del self.data[rnd.randrange(512, len(self.data)) & ~511:]
            return
        for _ in range(rnd.choice((1, 2, 5, 20, 100))):
            start, end = self.spots(kind, rnd)
            at = rnd.randrange(start, min(end, len(self.data)) - 4) if end - start > 4 else start
            how = rnd.randrange(4)
            if how == 0:
                self.data[at] ^= 1 << rnd.randrange(8)
            elif how == 1:
                self.data[at] = rnd.choice((0, 0xff, rnd.randrange(256)))
            elif how == 2:          # a number that may be a block's or an inode's
                struct.pack_into("<I", self.data, at & ~3, rnd.randrange(self.blocks + 3))
            else:
                struct.pack_into("<I", self.data, at & ~3, rnd.choice((0, 1, 0xffffffff, 0x7fffffff, rnd.getrandbits(32))))


EXERCISE = """\
d=/mnt/$1
mkdir -p $d
if mount -t ext2 -o errors=continue /dev/$1 $d; then
  find $d | head -n 300 > /tmp/names.$1 2>/dev/null
  ls -lR $d > /dev/null 2>&1
  while read f; do [ -f "$f" ] && head -c 300000 "$f" > /dev/null; done < /tmp/names.$1
  cp -r /bin/busybox $d/new; mkdir $d/newdir; ln $d/new $d/newdir/x
  dd if=/dev/zero of=$d/sub/more bs=16k count=20
  mv $d/sub $d/newdir/; echo x >> $d/big; truncate -s 5000 $d/big
  rm -rf $d/* ; sync; df $d
  umount $d
fi > /dev/null 2>&1
mount | grep -q " $d " && umount -l $d
echo "fuzzed $1"
"""


def boot(images, timeout=300):
    """One boot that mounts, reads, changes and unmounts each image, all at once. The console."""
    disks = " ".join(f"vd{chr(ord('a') + n)}" for n in range(len(images)))
    with Machine(mem=96, cpus=4, disks=images, append="loglevel=4") as m:
        m.wait_shell()
        m.run("cat > /tmp/x << 'EOF'\n" + EXERCISE + "EOF")
        out = m.run(f"for d in {disks}; do sh /tmp/x $d & done; wait; echo 3 > /proc/sys/vm/drop_caches", timeout)
        assert out.count("fuzzed vd") == len(images), out
    return m.console


def spoiled(base, seed, work, n):
    """@n images in @work, made from the file @base: paths and what was done to each."""
    rnd = random.Random(seed)
    paths = []
    for i in range(n):
        image = Image(base)
        kind = rnd.choice(KINDS)
        image.spoil(kind, rnd)
        if len(image.data) > 1024 + 62 and kind != "truncated":
            struct.pack_into("<H", image.data, 1024 + 60, 1)      # not "panic", by chance
        path = work / f"fuzz-{seed}-{i}-{kind}.img"
        path.write_bytes(image.data)
        paths.append(path)
    return paths


def base_image(work):
    """The bytes of a healthy image of 2 MiB with files of all kinds."""
    rnd = random.Random(0)
    source = work / "base"
    (source / "sub").mkdir(parents=True, exist_ok=True)
    for i in range(30):
        (source / f"f{i}").write_bytes(rnd.randbytes(i * 700))
    for i in range(60):
        (source / "sub" / f"name-{i}").write_text("x" * i)
    (source / "big").write_bytes(rnd.randbytes(400000))
    for name, target in (("link", "f3"), ("long", "a/" * 100)):
        if not (source / name).is_symlink():
            os.symlink(target, source / name)
    path = work / "base.img"
    with open(path, "wb") as f:
        f.truncate(2 << 20)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-b", "1024", "-N", "256", "-d", str(source), str(path)], check=True,
                   env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    return path.read_bytes()
