"""Long runs: `make soak`. The same checks as the boot tests, for longer and with more at once.

SOAK_MINUTES=60 make soak PYTEST_ARGS='-k overload -s' is an hour of overload (user/tests/overload.c).
"""

import array
import os
import re
import time

import ext2_fuzz
import ext2_powerfail
import pexpect
from brink import BUILD, Machine


def test_five_hundred_oom_kills_with_swap():
    with Machine(mem=96, swap=32, cpus=4) as m:
        m.wait_shell()
        m.run("dmesg -n 1")
        before = m.settled()
        for _ in range(100):
            m.run("big_mm & big_mm & big_mm & big_mm & big_mm & wait", 300)
        after = m.settled()
        assert m.vmstat()["oom_kill"] >= 500
        assert before["MemFree"] - after["MemFree"] < 2048
        assert before["SwapFree"] - after["SwapFree"] < 2048


def test_swap_for_a_long_time():
    with Machine(mem=192, swap=512, cpus=4) as m:
        m.wait_shell()
        m.run("swapcheck 8 60 10", 3600)
        m.run("swapcheck 2 200 10", 3600)


def test_fork_bombs_under_pressure():
    with Machine(mem=128, swap=64, cpus=4) as m:
        m.wait_shell()
        before = m.settled()
        m.run("dmesg -n 1; ulimit -u 600; for i in 1 2 3 4 5; do big_mm & forkbomb 10; done; wait", 1200)
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 4096


def test_fifty_power_failures(tmp_path):
    for seed in range(1000, 1050):
        ext2_powerfail.kill_and_check(tmp_path, seed)


def test_hundreds_of_broken_disks(tmp_path):
    base = ext2_fuzz.base_image(tmp_path)
    for seed in range(100, 200):
        images = ext2_fuzz.spoiled(base, seed, tmp_path, 16)
        ext2_fuzz.boot(images)
        for image in images:
            image.unlink()


# What none of the programs and no part of the kernel may say. A process that dies of a failed allocation is no damage.
DAMAGE = (r"page \d+ word", "DAMAGE:", "BUG:", "WARNING:", "Kernel panic", "blocked for more than", "lockcheck:", "EXT2-fs error",
          "I/O error, dev (?!vdc)")
WARM_UP = 2


def bad_disk(path):
    """A disk whose every word is its own, and which cannot read sector 9000."""
    with open(path, "wb") as f:
        words = array.array("Q", (((7 ^ i << 20) * 0x9e3779b97f4a7c15 | 1) & (1 << 64) - 1 for i in range(1 << 20)))
        words[0] = 7
        words.tofile(f)
    rule = "file.inject-error.0."
    return (f"driver=raw,file.driver=blkdebug,{rule}event=none,{rule}iotype=read,{rule}errno=5,{rule}once=off,"
            f"{rule}sector=9000,file.image.driver=file,file.image.filename={path}")


def ask(m, command, timeout):
    """What hangs explains itself: all tasks, what they wait for, and where the CPUs are."""
    m.child.send(command + '\necho "@@"$?"@@"\n')
    how = m.child.expect([r"@@(\d+)@@\r*\n", pexpect.TIMEOUT, pexpect.EOF], timeout=timeout)
    if how == 0:
        return int(m.child.match[1]), m.child.before.replace("\r", "")
    if how == 1:
        for key in "9tlm":
            m.qmp("chardev-send-break", id="serial0")
            m.child.send(key)
            m.child.expect([pexpect.TIMEOUT, pexpect.EOF], timeout=10)
    with open(BUILD / "overload-end.log", "w") as f:
        f.write(m.console)
    m.fail(f"{command!r}: {('', f'no end within {timeout} s', 'the machine ended')[how]}; its console is in {f.name}")


def books(m):
    """What must be the same after every round, in kB and pieces; nobody else runs."""
    m.settled()
    # a removed group goes with its last page, and a moment later, by a worker's hand
    ask(m, "until grep -q 'nr_dying_descendants 0' /sys/fs/cgroup/cgroup.stat; do usleep 50000; done", 180)
    have = m.settled()
    info = m.meminfo()
    have.update({k: info[k] for k in ("Slab", "PageTables", "KernelStack", "Shmem", "AnonPages", "Mlocked")})
    # kernel threads have no arguments; grep sees itself or not
    have["processes"] = " ".join(sorted(re.findall(r"^\d+ (.+?)\s*$", m.run(
        "for p in /proc/[0-9]*; do grep -q . $p/cmdline && cat $p/comm | sed 's/^/1 /'; done; true"), re.M)))
    have["files"] = int(m.run("cat /proc/sys/fs/file-nr").split()[0])
    return have


def one_round(m, seed, seconds):
    """=> what the kernel and the programs said. Afterwards nothing runs, and nothing is mounted on /tmp."""
    m.run("mount -t tmpfs -o size=16m none /tmp; swapon -p 5 /mnt/swap 2>/dev/null; cd /tmp")
    said = ask(m, f"BADDISK=/dev/vdc SWAPFILE=/mnt/swap overload {seconds} {seed} /mnt /tmp", seconds + 900)[1]
    said += ask(m, "cd /; fuzz clean; find /sys/fs/cgroup -depth -mindepth 1 -type d -exec rmdir {} ';'; sysvipc clean; umount /tmp; echo umount: $?; "
                  "grep -q mnt /proc/swaps && swapoff /mnt/swap; swapoff /dev/vda; echo swapoff: $?; swapon /dev/vda", 300)[1]
    said += m.run("dmesg -c; sync", 120)
    m.console = ""
    with open(BUILD / "overload.log", "w") as f:
        f.write(said)
    for sign in DAMAGE:
        assert not re.search(sign, said), f"seed {seed}, all of it in {f.name}: {re.findall('.*' + sign + '.*', said)[:20]}"
    for line in (f"overload: seed {seed}", "umount: 0", "swapoff: 0"):
        assert line in said, f"seed {seed}: no {line!r} in {f.name}"
    return said


def no_leak(rounds):
    """A few kB for ever is a leak: the last rounds' best is as good as the first ones'."""
    first, last = rounds[:max(1, len(rounds) // 3)], rounds[-max(1, len(rounds) // 3):]
    for name, worse, slack in (("MemFree", min, 256), ("Slab", max, 256), ("Committed_AS", max, 0), ("KernelStack", max, 0),
                               ("PageTables", max, 64)):
        best = {min: max, max: min}[worse]
        drift = (best(r[name] for r in last) - best(r[name] for r in first)) * (-1 if worse is min else 1)
        assert drift <= slack, f"{name}: {drift} kB in {len(rounds)} rounds"


def test_overload(tmp_path):
    """SOAK_MINUTES (3) in rounds of SOAK_ROUND (20) seconds from SOAK_SEED (1) on, the kernel that checks itself or
    (SOAK_CHECKS=0) the plain one: no panic, no hang, no page of somebody else's, all counters back. The one that
    checks itself stands still at one of SOAK_RACE (300; 0: never) places between two locks, so that races are met."""
    seed = int(os.environ.get("SOAK_SEED", "1"))
    seconds = int(os.environ.get("SOAK_ROUND", "20"))
    checks = os.environ.get("SOAK_CHECKS", "1") != "0"
    end = time.monotonic() + 60 * float(os.environ.get("SOAK_MINUTES", "3"))
    with open(tmp_path / "ext2", "wb") as f:
        f.truncate(96 << 20)
    assert ext2_powerfail.tool("mke2fs", "-q", "-F", "-t", "ext2", "-b", "1024", tmp_path / "ext2")[0] == 0
    with Machine(mem=128, swap=64, cpus=4, disks=[tmp_path / "ext2", bad_disk(tmp_path / "bad")], qmp=True,
                 checks=checks, append=f"fail_page_alloc=0,{seed} failslab=0,{seed} sysctl.kernel.sysrq=1 " +
                 (f"race_delay={os.environ.get('SOAK_RACE', '300')}" if checks else "")) as m:
        m.wait_shell()
        # System V memory without a process is nobody's whom the OOM killer could choose: a little of it only
        m.run("dmesg -n 1; echo 1024 > /proc/sys/kernel/shmall; echo -1000 > /proc/$$/oom_score_adj; mkdir -p /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; "
              "echo +memory +pids > /sys/fs/cgroup/cgroup.subtree_control; mkdir -p /mnt; mount -t ext2 /dev/vdb /mnt; "
              "dd if=/dev/zero of=/mnt/swap bs=1k count=24576 2>/dev/null; chmod 600 /mnt/swap; mkswap /mnt/swap", 120)
        rounds = []
        while time.monotonic() < end or len(rounds) <= WARM_UP:
            said = one_round(m, seed, seconds)
            rounds.append(books(m))
            print(time.strftime("%H:%M:%S", time.gmtime()), re.search("overload: seed.*", said)[0],
                  {k: v for k, v in m.vmstat().items() if k in ("oom_kill", "pswpout", "pswpin")}, rounds[-1], flush=True)
            for name in ("SwapFree", "processes", "files"):
                assert rounds[-1][name] == rounds[0][name], f"{name}: {rounds[0][name]}, now {rounds[-1][name]}"
            seed += 1
        no_leak(rounds[WARM_UP:])
        m.run("overload check /mnt && umount /mnt && mount -t ext2 /dev/vdb /mnt && overload check /mnt && umount /mnt", 300)
        m.power_off()
    status, text = ext2_powerfail.tool("e2fsck", "-fn", tmp_path / "ext2")
    assert status == 0, text


def test_random_system_calls_for_long(tmp_path):
    """SOAK_MINUTES (5) of user/tests/fuzz.c in a group with little memory, with a disk and groups to play with, the second
    half of it while allocations fail."""
    seconds, seed = int(os.environ.get("SOAK_MINUTES", "5")) * 30, int(os.environ.get("SOAK_SEED", "1"))
    disk = tmp_path / "disk"
    with open(disk, "wb") as f:
        f.truncate(32 << 20)
    assert ext2_powerfail.tool("mke2fs", "-q", "-F", "-t", "ext2", disk)[0] == 0
    with Machine(mem=512, cpus=4, swap=64, disks=[disk]) as m:
        m.wait_shell()
        m.run("dmesg -n 5 && echo 8 > /proc/sys/kernel/pty/max && mount -t ext2 /dev/vdb /mnt && mkdir -m 777 /mnt/fz && "
              "mkdir -p /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && cd /sys/fs/cgroup && mkdir fz && "
              "echo +memory +pids +cpuset > cgroup.subtree_control && echo 150M > fz/memory.max && echo 400 > fz/pids.max && "
              "echo +memory +pids +cpuset > fz/cgroup.subtree_control && mkdir fz/main fz/play && "
              "echo +memory +pids > fz/play/cgroup.subtree_control && cd /")
        for interval in (0, 300):
            # While its lives run: neither the loading of fuzz shall fail nor that it unmounts what they left.
            m.run(f"inject() {{ echo $1 > /proc/sys/vm/failslab_interval; echo $1 > /proc/sys/vm/fail_page_alloc_interval; }};"
                  f"(sleep 2 & a=$!; sleep {seconds - 2} & b=$!; wait $a; inject {interval}; wait $b; until inject 0; do :; done) &")
            out = m.run(f"(echo 0 > /sys/fs/cgroup/fz/main/cgroup.procs; exec fuzz {seconds} {seed + interval} 6); r=$?; wait; (exit $r)",
                        seconds + 300)
            assert "fuzz: all passed" in out, f"seed {seed + interval}"
        m.run("sysvipc clean; umount /mnt", 300)
        m.power_off()
    assert ext2_powerfail.tool("e2fsck", "-fn", disk)[0] == 0
