"""A power failure: QEMU is killed under write load, the host repairs and looks for what was fsynced."""

import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time

import pexpect

from brink import Machine

PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


def tool(*args):
    run = subprocess.run([str(a) for a in args], capture_output=True, text=True, env={**os.environ, "PATH": PATH})
    return run.returncode, run.stdout + run.stderr


def content(n):
    """What user/tests/durable.c writes to file @n."""
    return bytes((n * 31 + k * 7 + k // 256) & 0xFF for k in range(n * 7919 % 60000 + 1))


def kill_and_check(work, seed, longest=400):
    """One failure at a moment that @seed chooses. The number of files that had to be there."""
    rnd = random.Random(seed)
    block = rnd.choice((1024, 2048, 4096))
    image = pathlib.Path(work) / "power.img"
    image.unlink(missing_ok=True)
    with open(image, "wb") as f:
        f.truncate(48 << 20)
    assert tool("mke2fs", "-q", "-F", "-t", "ext2", "-b", block, image)[0] == 0
    m = Machine(mem=128, cpus=rnd.choice((1, 2, 4)), disks=[image])
    m.wait_shell()
    m.run("mkdir -p /mnt; mount -t ext2 /dev/vda /mnt")
    m.child.send("durable /mnt\n")
    m.expect(rf"durable {rnd.randrange(20, longest)}\r", 300)
    time.sleep(rnd.random() * 0.2)
    os.kill(m.child.pid, signal.SIGKILL)
    m.child.expect(pexpect.EOF)
    m.check_healthy()
    last = max(int(n) for n in re.findall(r"durable (\d+)\r", m.console))
    m.close()
    status, text = tool("e2fsck", "-fy", image)
    assert status in (0, 1), f"seed {seed}: e2fsck -fy: {status}\n{text}"
    status, text = tool("e2fsck", "-fn", image)
    assert status == 0, f"seed {seed}: not repaired\n{text}"
    dump = pathlib.Path(work) / "power.dump"
    shutil.rmtree(dump, ignore_errors=True)
    dump.mkdir()
    tool("debugfs", "-R", f"rdump / {dump}", image)
    wanted = range(max(1, last - 98), last + 1)
    bad = [n for n in wanted if not (dump / f"f{n}").exists() or (dump / f"f{n}").read_bytes() != content(n)]
    assert not bad, f"seed {seed}: files {bad[:10]} of {last} are not what was fsynced"
    return len(wanted)
