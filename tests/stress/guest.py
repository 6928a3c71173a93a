"""Boots Brink or Debian's Linux with an initramfs of host programs, runs one job after the other, keeps their verdicts.

A job is a name and a shell command. A machine that crashes or falls silent is started again with the job after the
one that did it: so each job gets a verdict, and a crash is one of them.
"""

import os
import pathlib
import re
import select
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/parity"))

from scenario import linux_kernel, run_tool  # noqa: E402

BUILD = pathlib.Path(os.environ.get("BRINK_BUILD", ROOT / "build"))
MULTIPLIER = float(os.environ.get("BRINK_TIMEOUT", "3" if os.environ.get("CI") else "1"))
QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
ESCAPES = re.compile(r"\x1b[\[(][0-9;?=]*[a-zA-Z]|\x1bc|\r")
# What the kernel says of itself: a job during which it does has failed, whatever the job thinks.
COMPLAINT = re.compile(r"^\[ *\d+\.\d+\].*(BUG:|WARNING:|Kernel panic|lockcheck:|watchdog:|blocked for more than)")

INIT = """#!/bin/sh
export PATH=/bin:/usr/bin:/usr/sbin:/sbin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev 2>/dev/null
for m in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk; do
  [ -f /mod/$m.ko ] && insmod /mod/$m.ko
done
rm -rf /mod
mkdir -p /dev/shm /dev/pts /dev/mqueue
mount -t devpts devpts /dev/pts; mount -t tmpfs tmpfs /dev/shm; mount -t tmpfs tmp /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null
[ -b /dev/vda ] && swapon /dev/vda
[ -b /dev/vdb ] && mount -t ext4 /dev/vdb /mnt
echo 100 > /proc/sys/kernel/printk_ratelimit_burst
cd /tmp
while read -r name limit command; do
  mkdir -p /tmp/job; cd /tmp/job
  echo "@@ begin $name"
  timeout -k 15 $limit setsid sh -c "$command" < /dev/null
  status=$?
  for p in /proc/[0-9]*; do
    read c < $p/comm 2> /dev/null
    case $c in *stress-ng*) kill -9 ${p#/proc/} 2> /dev/null ;; esac
  done
  cd /tmp; rm -rf /tmp/job; sync
  echo "@@ end $name $status"
done < /jobs
echo "@@ all done"
poweroff -f
"""


def libraries(program):
    """=> the shared objects that @program names, loader and all."""
    text = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return sorted(set(re.findall(r"(/\S+\.so\S*)", text)))


def make_archive(out, busybox, programs, modules):
    """An initramfs of BusyBox and @programs (host paths, or NAME=PATH), each with its libraries at their own paths."""
    root = out.parent / "root"
    shutil.rmtree(root, ignore_errors=True)
    for name in "bin dev proc sys tmp root etc mod mnt var/tmp usr/bin lib64".split():
        (root / name).mkdir(parents=True)
    shutil.copy(busybox, root / "bin/busybox")
    for applet in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    for program in programs:
        name, _, path = program.rpartition("=")
        path = pathlib.Path(path)
        target = root / (name or "bin/" + path.name)
        if path.is_dir():
            shutil.copytree(path, target, symlinks=True)
            inside = [p for p in path.rglob("*") if p.is_file() and os.access(p, os.X_OK)]
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copy(path, target)
            inside = [path]
        for file in inside:
            for library in libraries(file):
                there = root / library[1:]
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(library, there)
    for module in modules:
        shutil.copy(module, root / "mod")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")
    (root / "etc/mtab").symlink_to("/proc/self/mounts")
    (root / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    out.write_bytes(pack(root))
    shutil.rmtree(root)


def pack(root):
    names = subprocess.run(["find", "."], cwd=root, capture_output=True, check=True).stdout
    return subprocess.run(["cpio", "-o", "-H", "newc", "--quiet", "-R", "0:0"], cwd=root, input=names,
                          capture_output=True, check=True).stdout


class Guest:
    """=> kind: "brink" or "linux"; programs: what is put into the initramfs; disk: MiB of ext2 at /mnt, 0: none."""

    def __init__(self, kind, work, programs, mem=1024, cpus=4, swap=512, disk=0, append="", checks=True):
        self.kind, self.work, self.mem, self.cpus = kind, work / kind, mem, cpus
        self.swap, self.disk, self.append = swap, disk, append
        self.work.mkdir(parents=True, exist_ok=True)
        if kind == "linux":
            self.kernel, modules = linux_kernel("amd64")
            self.append += " no_timer_check"    # on a busy host the emulated timer is late
        else:
            self.kernel, modules = BUILD / ("checks/brink.elf" if checks else "brink.elf"), []
            self.append += f" highmem={mem // 2}M"
        busybox = shutil.which(os.environ.get("BUSYBOX", "busybox"))
        self.base = self.work / "base.cpio"
        make_archive(self.base, busybox, programs, modules)

    def command(self, jobs):
        """QEMU's command line for the machine that does @jobs: a second archive after the first holds their list."""
        top = self.work / "list"
        shutil.rmtree(top, ignore_errors=True)
        top.mkdir()
        (top / "jobs").write_text("".join(f"{name} {limit} {command}\n" for name, limit, command in jobs))
        initrd = self.work / "initrd"
        initrd.write_bytes(self.base.read_bytes() + pack(top))
        drives = []
        for name, mib, tool in (("swap", self.swap, "mkswap -q"), ("disk", self.disk, "mke2fs -q -t ext2")):
            if not mib:
                continue
            image = self.work / name
            image.unlink(missing_ok=True)
            with open(image, "wb") as f:
                f.truncate(mib << 20)
            image.chmod(0o600)
            run_tool(*tool.split(), image)
            drives += ["-drive", f"file={image},format=raw,if=virtio,cache=unsafe"]
        return [QEMU, "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", str(self.cpus), "-m", str(self.mem),
                "-display", "none", "-vga", "none", "-net", "none", "-serial", "stdio", "-monitor", "none",
                "-no-reboot", "-kernel", str(self.kernel), "-initrd", str(initrd), *drives,
                "-append", f"console=ttyS0 quiet panic=-1 loglevel=5 {self.append}"]

    def run(self, jobs, tell):
        """Calls @tell(name, verdict, output) for each of @jobs, restarting the machine after a job that ended it."""
        jobs = list(jobs)
        while jobs:
            done = self.boot(jobs, tell)
            jobs = jobs[done:]

    def boot(self, jobs, tell):
        """One life of the machine: => how many of @jobs got a verdict."""
        process = subprocess.Popen(self.command(jobs), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        try:
            done, rest = self.watch(process, jobs, tell)
        finally:
            process.kill()
            process.wait()
        if done < len(jobs):
            if not self.begun:
                raise SystemExit(f"stress: {self.kind} did not boot ({self.work}/console)")
            name = jobs[done][0]
            why = "hang" if rest is None else "crash"
            tell(name, why, self.since_begin)
            done += 1
        return done

    def watch(self, process, jobs, tell):
        """Reads the console. => (jobs that ended, None if the machine fell silent)."""
        done, self.since_begin, self.begun, line = 0, [], False, b""
        deadline = time.monotonic() + 120 * MULTIPLIER
        fd = process.stdout.fileno()
        with open(self.work / "console", "ab") as console:
            while True:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([fd], [], [], left)[0]:
                    return done, None
                data = os.read(fd, 65536)
                if not data:
                    return done, process
                console.write(data)
                console.flush()
                *lines, line = (line + data).split(b"\n")
                for text in lines:
                    text = ESCAPES.sub("", text.decode(errors="replace"))
                    self.since_begin.append(text)
                    if m := re.search(r"@@ begin (\S+)", text):
                        self.since_begin, self.begun = [], True
                        limit = next(limit for name, limit, _ in jobs if name == m[1])
                        deadline = time.monotonic() + (limit + 60) * MULTIPLIER
                    elif m := re.search(r"@@ end (\S+) (\d+)", text):
                        tell(m[1], int(m[2]), self.since_begin)
                        done += 1
                    elif "@@ all done" in text:
                        deadline = min(deadline, time.monotonic() + 30)
                        if done == len(jobs):
                            return done, process


def complaints(output):
    return [line for line in output if COMPLAINT.search(line)]
