"""A machine with Brink (or Linux) in it, as a test sees it: boot, run a command, read its output.

Each Machine is a QEMU process of its own. Nothing here sleeps for a fixed time: everything waits for a text
on the console, and a timeout (seconds, times BRINK_TIMEOUT) only ends a test that hangs.

BRINK_APPEND is added to every machine's command line, BRINK_CONSOLES is a directory for their consoles (tests/soak
uses both).
"""

import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time

import pexpect

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BRINK_BUILD", ROOT / "build"))
MULTIPLIER = float(os.environ.get("BRINK_TIMEOUT", "3" if os.environ.get("CI") else "1"))
QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
APPEND = os.environ.get("BRINK_APPEND", "")
CONSOLES = os.environ.get("BRINK_CONSOLES")
# ^C and ^Z are for the guest, not for QEMU.
SERIAL = ("-chardev", "stdio,id=serial0,signal=off", "-serial", "chardev:serial0")
OVMF = "/usr/share/ovmf/OVMF.fd"
MKSWAP = next((p for p in ("/usr/sbin/mkswap", "/sbin/mkswap") if os.path.exists(p)), "mkswap")


class Machine:
    """=> memory and swap in MiB; swap 0: no disk. checks: the kernel that checks its locks."""

    def __init__(self, mem=512, cpus=2, swap=0, append="", cpu="max", machine="pc", checks=True, disks=(),
                 kernel=None, initramfs=None, init_args="", extra=(), highmem=None, qmp=False,
                 console="console=ttyS0"):
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
                "-display", "none", "-vga", "none", "-net", "none", *SERIAL, "-monitor", "none", "-no-reboot",
                "-kernel", str(kernel), "-initrd", str(initramfs),
                "-append", f"{console} panic=-1 loglevel=7 highmem={highmem}M {append} {APPEND} {init_args}"]
        for n, drive in enumerate(drives):
            options = drive if "=" in drive else f"file={drive},format=raw,cache=unsafe"
            args += ["-drive", f"{options},if=none,id=d{n}", "-device", f"virtio-blk-pci,drive=d{n},id=disk{n}"]
        if qmp:
            self.qmp_path = work / "qmp"
            args += ["-qmp", f"unix:{self.qmp_path},server=on,wait=off"]
        self.spawn(args + list(extra))

    @classmethod
    def from_iso(cls, firmware="bios", extra=()):
        """The ISO in a window that nobody sees: screen, keyboard, serial line."""
        m = cls.__new__(cls)
        m.work = tempfile.TemporaryDirectory(prefix="brink-test-")
        m.qmp_path = pathlib.Path(m.work.name) / "qmp"
        args = [QEMU, "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "512", "-smp", "2", "-display", "none",
                *SERIAL, "-monitor", "none", "-net", "none", "-no-reboot",
                "-qmp", f"unix:{m.qmp_path},server=on,wait=off", "-cdrom", str(BUILD / "brink.iso")]
        m.spawn(args + (["-bios", OVMF] if firmware == "uefi" else []) + list(extra))
        return m

    def spawn(self, args):
        self.console = ""
        self.child = pexpect.spawn(args[0], args[1:], timeout=60 * MULTIPLIER, encoding="utf-8",
                                   codec_errors="replace", echo=False, dimensions=(50, 500))
        self.child.logfile_read = self

    # --- QEMU's monitor (qmp=True, or from_iso) ---

    def qmp(self, command, **arguments):
        """What QEMU answers to one QMP command."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30 * MULTIPLIER)
            s.connect(str(self.qmp_path))
            lines = s.makefile("rw", encoding="utf-8")
            lines.readline()                    # the greeting
            for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                lines.write(json.dumps(request) + "\n")
                lines.flush()
                answer = {"event": None}
                while "event" in answer:
                    answer = json.loads(lines.readline())
                if "error" in answer:
                    self.fail(f"QMP {command}: {answer['error']}")
        return answer["return"]

    def hmp(self, line):
        return self.qmp("human-monitor-command", **{"command-line": line})

    def press(self, key):
        """One key of the PS/2 keyboard, down and up.

        The keyboard holds 16 bytes, and drops what comes after: so the next key waits until the guest has read all but
        the last byte of this one, which the interrupt controller's statistics tell.
        """
        def interrupts():
            return max(map(int, re.findall(r"^\s*1: (\d+)", self.hmp("info irq"), re.M)), default=0)

        before, deadline = interrupts(), time.monotonic() + 60 * MULTIPLIER
        self.hmp(f"sendkey {key}")
        while interrupts() < before + 2:
            if time.monotonic() > deadline:
                self.fail(f"nobody reads the key {key!r}")

    def type(self, text):
        """On the PS/2 keyboard; a newline is Enter."""
        names = {" ": "spc", "\n": "ret", "-": "minus", "/": "slash", ".": "dot", "=": "equal", ";": "semicolon",
                 ">": "shift-dot", "$": "shift-4", "(": "shift-9", ")": "shift-0", "*": "shift-8", "|": "shift-backslash", "'": "apostrophe",
                 ":": "shift-semicolon"}
        for c in text:
            self.press(names.get(c) or ("shift-" + c.lower() if c.isupper() else c))

    def screen(self):
        """What the window shows: (width, height, pixels as bytes, three a pixel)."""
        path = pathlib.Path(self.work.name) / "screen.ppm"
        self.qmp("screendump", filename=str(path))
        magic, size, depth, pixels = path.read_bytes().split(b"\n", 3)
        assert (magic, depth) == (b"P6", b"255")
        width, height = map(int, size.split())
        return width, height, pixels

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
        """Exit status and output of a shell command; kernel messages in between are part of the output.

        A background job must not end while the shell waits for a line: with its editor off (stty -echo) BusyBox
        takes the interrupted read for the end of input. `wait` for it in the command.
        """
        self.child.send(command + '\necho "@@"$?"@@"\n')
        match = self.expect(r"@@(\d+)@@\r*\n", timeout)
        return int(match.group(1)), self.child.before.replace("\r", "")

    def run(self, command, timeout=60):
        """The output of a command that must succeed."""
        status, output = self.run_status(command, timeout)
        if status:
            self.fail(f"{command!r}: exit status {status}\n{output}")
        return output

    def start(self, command, ready="touched", timeout=60):
        """A program in the background (the shell's $!), which has come as far as to say @ready."""
        self.run(f"{command} > /tmp/said & until grep -q '{ready}' /tmp/said; do usleep 20000; done; rm /tmp/said", timeout)

    def wait_until(self, condition, timeout=60):
        """Until a shell command succeeds."""
        self.run(f"until {condition}; do usleep 50000; done", timeout)

    def meminfo(self):
        text = self.run("cat /proc/meminfo")
        return {m[0]: int(m[1]) for m in re.findall(r"^(\S+):\s+(\d+)", text, re.M)}

    def vmstat(self):
        return {m[0]: int(m[1]) for m in re.findall(r"^(\w+) (\d+)$", self.run("cat /proc/vmstat"), re.M)}

    def settled(self, swap=None):
        """Free memory (kB; the CPUs' own stocks are free, too), free swap and Committed_AS with caches let go:
        what must be the same after a test. The root file system is a tmpfs: what of its files is in swap is read back.
        @swap: a device that a test has used. A page that is on its way there as its last user ends stays in the swap
        cache, with its slot, as on Linux; how many do depends on the disk. swapoff meets them, and counts each slot."""
        if swap:
            self.run(f"swapoff {swap} && swapon {swap}", 120)
        self.run("find / -xdev -type f -exec cat {} + > /dev/null; echo 3 > /proc/sys/vm/drop_caches")
        stocks = sum(map(int, re.findall(r"count: (\d+)", self.run("grep count: /proc/zoneinfo"))))
        info = self.meminfo()
        info["MemFree"] += stocks * 4
        return {k: info[k] for k in ("MemFree", "SwapFree", "Committed_AS")}

    def power_off(self, timeout=30):
        self.child.send("poweroff -f\n")
        self.expect(pexpect.EOF, timeout)
        self.close()

    def close(self):
        self.child.close(force=True)
        if CONSOLES:
            test = re.sub(r"[^\w.-]+", "_", os.environ.get("PYTEST_CURRENT_TEST", "none").split("::")[-1])
            with open(pathlib.Path(CONSOLES) / test, "a", encoding="utf-8") as f:
                f.write(self.console)
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
