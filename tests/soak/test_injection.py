"""All boot tests, while allocations fail: what the programs make of it is theirs, the kernel stays whole.

INJECT_INTERVAL=200 (500) and SOAK_SEED=7 (1): one page and one object in so many, from that seed on.
"""

import os
import pathlib
import re
import subprocess
import sys

BOOT = pathlib.Path(__file__).resolve().parents[1] / "boot"
# What no failed allocation may lead to. Some tests end in a panic, by wish.
DAMAGE = re.compile(r"^.*(BUG:|WARNING:|lockcheck:|general protection fault|blocked for more than|double fault"
                    r"|Kernel panic - not syncing: (?!Out of memory|System is deadlocked|sysrq|Attempted to kill init|"
                    r"VFS: Unable to mount|No working init)).*", re.M)


def test_boot_tests_with_failing_allocations(tmp_path):
    interval, seed = os.environ.get("INJECT_INTERVAL", "500"), os.environ.get("SOAK_SEED", "1")
    env = dict(os.environ, BRINK_CONSOLES=str(tmp_path), BRINK_TIMEOUT=os.environ.get("BRINK_TIMEOUT", "1"),
               BRINK_APPEND=f"fail_page_alloc={interval},{seed} failslab={interval},{seed}")
    result = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", str(BOOT)], env=env,
                            capture_output=True, text=True)
    print(result.stdout[-300:])
    consoles = sorted(tmp_path.iterdir())
    assert len(consoles) > 100
    booted = 0
    for console in consoles:
        text = console.read_text(encoding="utf-8")
        found = DAMAGE.search(text)
        assert not found, f"{console.name}: {found[0]}\n{text[max(0, found.start() - 1000):found.end() + 4000]}"
        booted += "Brought up" in text
    assert booted > 100
