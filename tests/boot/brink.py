"""A machine with Brink (or Linux) in it, as a test sees it: boot, run a command, read its output.

Each Machine is a QEMU process of its own. Nothing here sleeps for a fixed time: everything waits for a text
on the console, and a timeout (seconds, times BRINK_TIMEOUT) only ends a test that hangs.
"""

import os
import pathlib
import re
import subprocess
import tempfile

import pexpect

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BRINK_BUILD", ROOT / "build"))
MULTIPLIER = float(os.environ.get("BRINK_TIMEOUT", "3" if os.environ.get("CI") else "1"))
QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
MKSWAP = next((p for p in ("/usr/sbin/mkswap", "/sbin/mkswap") if os.path.exists(p)), "mkswap")


class Machine:
    """=> memory and swap in MiB; swap 0: no disk. checks: the kernel that checks its locks."""

    def __init__(self, mem=512, cpus=2, swap=0, append="", cpu="max", machine="pc", checks=True, disks=(),
                 kernel=None, initramfs=None, init_args="", extra=(), highmem=None, qmp=False):
        self.work = tempfile.TemporaryDirectory(prefix="brink-test-")
        work = pathlib.Path(self.work.name)
        kernel = kernel or BUILD / ("checks/brink.elf" if checks else "brink.elf")
        initramfs = initramfs or BUILD / "test-initramfs.cpio.gz"
        if highmem is None:
            highmem = mem // 2
        drives = []
        if swap:
            image = work / "swap"
            with open(image, "wb") as f:
                f.truncate(swap << 20)
            os.chmod(image, 0o600)
            subprocess.run([MKSWAP, "-q", image], check=True)
            drives.append(str(image))
            init_args += " swap"
        drives += [str(d) for d in disks]
        args = [QEMU, "-accel", "tcg,thread=multi", "-cpu", cpu, "-machine", machine, "-smp", str(cpus), "-m", str(mem),
                "-display", "none", "-vga", "none", "-net", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot",
                "-kernel", str(kernel), "-initrd", str(initramfs),
                "-append", f"console=ttyS0 panic=-1 loglevel=7 highmem={highmem}M {append} {init_args}"]
        for n, drive in enumerate(drives):
            options = drive if "=" in drive else f"file={drive},format=raw,cache=unsafe"
            args += ["-drive", f"{options},if=none,id=d{n}", "-device", f"virtio-blk-pci,drive=d{n},id=disk{n}"]
        if qmp:
            self.qmp_path = work / "qmp"
            args += ["-qmp", f"unix:{self.qmp_path},server=on,wait=off"]
        args += list(extra)
        self.console = ""
        self.child = pexpect.spawn(args[0], args[1:], timeout=60 * MULTIPLIER, encoding="utf-8",
                                   codec_errors="replace", echo=False, dimensions=(50, 500))
        self.child.logfile_read = self

    # pexpect writes what it reads here.
    def write(self, text):
        self.console += text

    def flush(self):
        pass

    def fail(self, why):
        raise AssertionError(f"{why}\n--- console (last 12000 characters) ---\n{self.console[-12000:]}")

    def expect(self, pattern, timeout=60):
        try:
            self.child.expect(pattern, timeout=timeout * MULTIPLIER)
        except pexpect.TIMEOUT:
            self.fail(f"no {pattern!r} within {timeout * MULTIPLIER:.0f} s")
        except pexpect.EOF:
            self.fail(f"the machine ended before {pattern!r}")
        return self.child.match

    def wait_shell(self, timeout=60):
        self.expect("@@ready@@", timeout)
        # The shell answers: its prompt is empty, so it is asked.
        status, _ = self.run_status("true", timeout)
        assert status == 0
        return self

    def run_status(self, command, timeout=60):
        """Exit status and output of a shell command; kernel messages in between are part of the output."""
        self.child.send(command + '\necho "@@"$?"@@"\n')
        match = self.expect(r"@@(\d+)@@\r*\n", timeout)
        return int(match.group(1)), self.child.before.replace("\r", "")

    def run(self, command, timeout=60):
        """The output of a command that must succeed."""
        status, output = self.run_status(command, timeout)
        if status:
            self.fail(f"{command!r}: exit status {status}\n{output}")
        return output

    def meminfo(self):
        text = self.run("cat /proc/meminfo")
        return {m[0]: int(m[1]) for m in re.findall(r"^(\S+):\s+(\d+)", text, re.M)}

    def vmstat(self):
        return {m[0]: int(m[1]) for m in re.findall(r"^(\w+) (\d+)$", self.run("cat /proc/vmstat"), re.M)}

    def settled(self):
        """Free memory (kB), free swap and Committed_AS with caches let go: what must be the same after a test."""
        self.run("echo 3 > /proc/sys/vm/drop_caches")
        info = self.meminfo()
        return {k: info[k] for k in ("MemFree", "SwapFree", "Committed_AS")}

    def power_off(self, timeout=30):
        self.child.send("poweroff -f\n")
        self.expect(pexpect.EOF, timeout)
        self.close()

    def close(self):
        self.child.close(force=True)
        self.work.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()
        if kind is None:
            self.check_healthy()

    def check_healthy(self):
        """No test passes if the kernel complained about itself."""
        for sign in ("BUG:", "WARNING:", "Kernel panic", "lockcheck:", "general protection fault, probably"):
            if sign in self.console and sign not in getattr(self, "allowed", ()):
                self.fail(f"the kernel said {sign!r}")
