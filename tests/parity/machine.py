"""Boots a scenario in QEMU, with Brink's kernel or Debian's, and keeps the console."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from scenario import ROOT, linux_kernel

BUILD = pathlib.Path(os.environ.get("BRINK_BUILD", ROOT / "build"))
MULTIPLIER = float(os.environ.get("BRINK_TIMEOUT", "3" if os.environ.get("CI") else "1"))
QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
# What Brink keeps for itself besides struct page, kB.
BRINK_FIXED = 1900
# QEMU's firmware speaks before the kernel does.
FIRMWARE = re.compile(r"^(SeaBIOS|iPXE|Booting from|Press Ctrl-B).*\n?", re.M)
ESCAPES = re.compile(r"\x1b[\[(][0-9;?=]*[a-zA-Z]|\x1bc|\r")


def busybox():
    found = shutil.which(os.environ.get("BUSYBOX", "busybox"))
    if not found:
        raise SystemExit("parity: no busybox (Debian: busybox-static)")
    return pathlib.Path(found)


def linux_total(s):
    """MemTotal of Debian's Linux on this machine, kB: what its kernel keeps for itself grows with the memory."""
    fixed, share = (17700, 128) if s.i386 else (36070, 64)
    return s.mem * 1024 * (share - 1) // share - fixed


def brink_arguments(s):
    """HighMem is half of the memory unless the scenario names its size: i386's own parameters mean the same here.

    Limits that are computed from MemTotal are compared at equal MemTotal (mem=): Brink keeps far less for itself. Not
    with nodes, whose sizes are QEMU's.
    """
    args = s.kernel_args.replace("nokaslr", "")
    if "highmem=" not in args:
        args += f" highmem={s.mem // 2}M"
    if not s.qemu:
        args += f" mem={(linux_total(s) + BRINK_FIXED) * 64 // 63}K"
    return BUILD / "brink.elf", [], args


def linux_arguments(s):
    kernel, modules = linux_kernel("i386" if s.i386 else "amd64")
    # Without no_timer_check a loaded host can make Linux believe that it has no timer: a panic.
    return kernel, modules, f"{s.kernel_args} no_timer_check"


def run(s, kind, cpus=None, more=""):
    """The console of scenario @s on @kind ("brink" or "linux"), cleaned; also kept in the build directory."""
    kernel, modules, args = (brink_arguments if kind == "brink" else linux_arguments)(s)
    bits = 32 if kind == "linux" and s.i386 else 64
    with tempfile.TemporaryDirectory(prefix="brink-parity-") as work:
        work = pathlib.Path(work)
        initrd = s.make_initramfs(work, busybox(), modules, bits)
        if s.swap:
            args += " ref.swap"
        command = [QEMU, "-accel", "tcg,thread=multi" if kind == "brink" else "tcg", "-cpu", "max",
                   "-smp", str(cpus or s.cpus), "-m", str(s.mem), "-display", "none", "-vga", "none", "-net", "none",
                   "-serial", "stdio", "-monitor", "none", "-no-reboot", "-kernel", kernel, "-initrd", initrd,
                   "-append", f"console=ttyS0 quiet panic=-1 {args} {more}", *s.make_disks(work), *s.qemu]
        with open(work / "console", "wb") as console:
            try:
                status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT,
                                        timeout=s.limit * MULTIPLIER).returncode
                end = f"@@ QEMU ended with status {status}\n" if status else ""
            except subprocess.TimeoutExpired:
                end = f"@@ no end within {s.limit * MULTIPLIER:.0f} s\n"
        text = (work / "console").read_bytes().decode(errors="replace")
    text = FIRMWARE.sub("", ESCAPES.sub("", text)) + end
    text = re.sub(r"\n\n\n+", "\n\n", text)
    kept = BUILD / "parity" / kind / f"{s.name}.log"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(text)
    return text
