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


KEEP, RECORD, RECORDS = 24, 700, 60            # user/tests/durable.c


def content(n):
    """What user/tests/durable.c writes to file @n."""
    return bytes((n * 31 + k * 7 + k // 256) & 0xFF for k in range(n * 7919 % 60000 + 1))


def is_file(path, n):
    return path.exists() and path.read_bytes() == content(n)


def log_is_whole(top, n, grow):
    """Record @n, and those before it in its file."""
    first = (n - 1) // RECORDS * RECORDS + 1
    path = top / f"log/{(n - 1) // RECORDS}"
    return path.exists() and path.read_bytes().startswith(b"".join(bytes([k & 255]) * RECORD for k in range(first, n + 1)))


def holes_are_whole(top, n, grow):
    path = top / f"hole/{n}"
    data = path.read_bytes() if path.exists() else b""
    end = 5 * 700 * 4096 + (1000 if n % 3 == 0 else 4096)
    wanted = bytearray(end)
    for i in range(6):
        wanted[i * 700 * 4096:i * 700 * 4096 + 4096] = bytes([n + (9 if i == 1 else i) & 255]) * 4096
    return data == bytes(wanted[:end])


# What must be there after "durable KIND N"; of those that are removed again, the last few.
KINDS = {
    "file": lambda top, n, grow: is_file(top / f"file/{n}", n),
    "tree": lambda top, n, grow: is_file(top / f"tree/{n}/a/f", n) and (not grow or n % 2 or is_file(top / f"tree/t{n}/a/f", n)),
    "log": log_is_whole,
    "hole": holes_are_whole,
    "link": lambda top, n, grow: is_file(top / f"link/sub/{n}b", n) and is_file(top / f"link/{n}a", n) == grow,
    "move": lambda top, n, grow: is_file(top / f"move/to/{n}", n) and not (top / f"move/{n}").exists(),
}


def over_is_whole(top, last):
    """Each thousand bytes of it are what they were made last, or will be next; of one thousand, which was on its way to
    the disk, some sectors may be the one and some the other."""
    data, mixed = (top / "over").read_bytes(), 0
    for at in range(60):
        n = last - (last - at) % 60
        have = set(data[at * 1000:at * 1000 + 1000])
        if not have <= {max(n, 0) & 255, n + 60 & 255}:
            return False
        mixed += len(have) - 1
    return mixed <= 1 and len(data) == 60000


def check_content(top, console, grow, seed):
    last, checked = {}, 0
    for kind, n in re.findall(r"durable (\w+) (\d+)\r", console):
        last[kind] = int(n)
    for kind, whole in KINDS.items():
        n = last.get(kind, 0)
        wanted = [n] if kind == "log" and n else range(1 if grow else max(1, n - KEEP + 2), n + 1)
        bad = [i for i in wanted if not whole(top, i, grow)]
        assert not bad, f"seed {seed}: {kind} {bad[:10]} of {n} are not what was fsynced"
        checked += len(wanted)
    assert not last.get("over") or over_is_whole(top, last["over"]), f"seed {seed}: over, {last['over']}"
    return checked


def kill_and_check(work, seed, longest=600):
    """One failure at a moment that @seed chooses. How many things had to be there."""
    rnd = random.Random(seed)
    block, grow = rnd.choice((1024, 2048, 4096)), seed % 2 == 1
    image = pathlib.Path(work) / "power.img"
    image.unlink(missing_ok=True)
    with open(image, "wb") as f:
        f.truncate(48 << 20)
    assert tool("mke2fs", "-q", "-F", "-t", "ext2", "-b", block, image)[0] == 0
    m = Machine(mem=128, cpus=rnd.choice((1, 2, 4)), disks=[image])
    m.wait_shell()
    m.run("mkdir -p /mnt; mount -t ext2 /dev/vda /mnt")
    m.child.send(f"durable /mnt {'grow' if grow else ''}\n")
    for _ in range(rnd.randrange(20, longest)):
        m.expect(r"durable \w+ \d+\r", 300)
    time.sleep(rnd.random() * 0.2)
    os.kill(m.child.pid, signal.SIGKILL)
    m.child.expect(pexpect.EOF)
    m.check_healthy()
    console = m.console
    m.close()
    assert "durable: " not in console, console[-2000:]
    status, text = tool("e2fsck", "-fy", image)
    assert status in (0, 1), f"seed {seed}: e2fsck -fy: {status}\n{text}"
    status, text = tool("e2fsck", "-fn", image)
    assert status == 0, f"seed {seed}: not repaired\n{text}"
    dump = pathlib.Path(work) / "power.dump"
    shutil.rmtree(dump, ignore_errors=True)
    dump.mkdir()
    tool("debugfs", "-R", f"rdump / {dump}", image)
    checked = check_content(dump, console, grow, seed)
    shutil.rmtree(dump)
    return checked
