#!/usr/bin/env python3
"""Reads the includes of the kernel: a file may include only what lies in its own layer's rooms or below.

Also: each header compiles alone, files stay under 1,000 lines, and docs/READING.md and docs/ARCHITECTURE.md cite
only files and symbols that exist; and the vDSO, given as an argument, is the library that C libraries look for. Ends with a line `N passed, M failed`.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Room -> the rooms it may include from. Lower rooms first (docs/ARCHITECTURE.md).
ORDER = ["kernel/lib", "kernel/abi", "kernel/vdso", "boot", "kernel/x86", "kernel/sched", "mm", "kernel/block", "kernel/fs",
         "kernel/dev", "kernel/proc", "kernel"]
BELOW = {room: set(ORDER[: n + 1]) for n, room in enumerate(ORDER)}
BELOW["kernel/lib"] = {"kernel/lib", "kernel/abi"}
BELOW["kernel/abi"] = {"kernel/abi", "kernel/lib"}      # numbers and layouts use lib's integer types
BELOW["kernel/vdso"] = {"kernel/vdso", "kernel/abi", "kernel/lib"}
BELOW["boot"] = {"boot", "kernel/lib", "kernel/abi"}
# Named exceptions, each with its reason.
EXCEPTIONS = {
    # memlayout.h holds plain #defines only: THE address map, for the linker script, nasm, and the loader.
    ("boot", "kernel/x86/memlayout.h"),
}

passed, failures = 0, []


def check(ok, text):
    global passed
    if ok:
        passed += 1
    else:
        failures.append(text)


def room_of(path):
    """The room a file is in: its folder, or for a sub-folder (kernel/fs/ext2) the folder above."""
    folder = pathlib.PurePosixPath(path).parent
    return str(folder if str(folder) in ORDER else folder.parent)


def sources():
    for room in ORDER:
        below = [] if room == "kernel" else (ROOT / room).glob("*/*.[ch]")     # kernel's folders are rooms
        for path in sorted([*(ROOT / room).glob("*.[ch]"), *below]):
            yield room, path


def check_includes():
    for room, path in sources():
        text = path.read_text()
        bad = []
        for header in re.findall(r'^#include "([^"]+)"', text, re.M):
            if header.startswith("build") or "/" not in header:
                continue
            if (room, header) in EXCEPTIONS:
                continue
            if room_of(header) not in BELOW[room]:
                bad.append(header)
            if not (ROOT / header).exists():
                bad.append(header + " (absent)")
        name = path.relative_to(ROOT)
        check(not bad, f"{name} includes upward: {', '.join(bad)}")
        check(text.count("\n") <= 1000, f"{name} has {text.count(chr(10))} lines")


def check_headers_alone():
    flags = ["-std=gnu11", "-ffreestanding", "-mgeneral-regs-only", "-mcmodel=kernel", "-fno-pic", "-DBRINK_CHECKS=0", f"-I{ROOT}",
             "-fsyntax-only", "-x", "c"]
    with tempfile.TemporaryDirectory() as work:
        for room, path in sources():
            if path.suffix != ".h":
                continue
            name = path.relative_to(ROOT)
            file = pathlib.Path(work) / "alone.c"
            file.write_text(f'#include "{name}"\n#include "{name}"\n')
            run = subprocess.run(["gcc", *flags, str(file)], capture_output=True, text=True)
            check(run.returncode == 0, f"{name} does not compile alone:\n{run.stderr[:600]}")


def defined(symbol, text):
    return re.search(rf"\b{re.escape(symbol)}\b", text)


def check_docs():
    """`mm/memory.c:do_swap_page` in the docs must name a file that exists and a symbol in it."""
    for doc in sorted((ROOT / "docs").glob("*.md")) + [ROOT / "README.md"]:
        if not doc.exists():
            continue
        for file, symbol in re.findall(r"`([\w./-]+\.(?:c|h|asm|py|ld|mk)):(\w+)\(?\)?`", doc.read_text()):
            path = ROOT / file
            ok = path.exists() and defined(symbol, path.read_text())
            check(ok, f"{doc.name} cites {file}:{symbol}, which is not there")
        for file in re.findall(r"`((?:boot|kernel|mm|user|tests|docs)/[\w./-]+\.(?:c|h|asm|py|ld|mk|md|sh))`", doc.read_text()):
            check((ROOT / file).exists(), f"{doc.name} cites {file}, which is not there")


def check_vdso(image):
    """One segment, read and executed where it lies, with Linux's names and versions and nothing to relocate."""
    text = subprocess.run(["readelf", "-lrsdW", image], capture_output=True, text=True, check=True).stdout
    found = set(re.findall(r"(\w+) +(\w+) +DEFAULT +\d+ (\w+)@@LINUX_2\.6$", text, re.M))
    names = ["clock_gettime", "clock_getres", "gettimeofday", "time", "getcpu"]
    want = {("FUNC", "WEAK", name) for name in names} | {("FUNC", "GLOBAL", f"__vdso_{name}") for name in names}
    check(found == want, f"vDSO: symbols {sorted(found ^ want)}")
    check(re.findall(r"^  LOAD +0x0+ 0x0+ .* R E 0x1000$", text, re.M) and text.count("  LOAD ") == 1, "vDSO: segments")
    check("There are no relocations in this file." in text, "vDSO: relocations")
    check("soname: [linux-vdso.so.1]" in text and "(HASH)" in text and "(GNU_HASH)" in text, "vDSO: dynamic section")
    check("NEEDED" not in text and "TEXTREL" not in text and "GNU_EH_FRAME" in text, "vDSO: dynamic section")
    check(pathlib.Path(image).stat().st_size <= 8192, "vDSO: more than its two pages")


check_includes()
check_headers_alone()
check_docs()
for vdso in sys.argv[1:]:
    check_vdso(vdso)
for failure in failures:
    print("FAILED", failure)
print(f"layers: {passed} passed, {len(failures)} failed")
sys.exit(1 if failures else 0)
