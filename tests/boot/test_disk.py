"""Disks: none, not made for swap, with errors, and such that vanish under load."""

import os
import re
import socket
import subprocess

import pytest

from brink import MKSWAP, MULTIPLIER, Machine

PAGE = 4096


def swap_image(path, mib=64, signature=True):
    with open(path, "wb") as f:
        f.truncate(mib << 20)
    os.chmod(path, 0o600)
    if signature:
        subprocess.run([MKSWAP, "-q", path], check=True)
    return path


def failing_disk(tmp_path, iotype, page=None):
    """A swap disk behind QEMU's blkdebug: each read or write (of the sector where @page begins) is an I/O error."""
    image = swap_image(tmp_path / "swap")
    rule = f"event=none,iotype={iotype},errno=5,once=off" + (f",sector={page * PAGE // 512}" if page else "")
    rules = "".join(f"file.inject-error.0.{r}," for r in rule.split(","))
    return f"driver=raw,file.driver=blkdebug,{rules}file.image.driver=file,file.image.filename={image}"


def swap_out(m, arguments):
    """lostpage in the background, its pages in swap. Returns their number.

    Where it wants memory for that (press, shared), it is alone in a group with a limit: whoever else had a page on the
    disk, /bin/busybox in the tmpfs of the root among them, would lose it, too.
    """
    command = f"lostpage {arguments}"
    if re.search("press|shared", arguments):
        m.run("cd /sys/fs/cgroup; [ -e cgroup.procs ] || mount -t cgroup2 none .; cd /sys/fs/cgroup; "
              "echo +memory > cgroup.subtree_control; mkdir -p lost; echo 24M > lost/memory.max; cd /")
        command = f"sh -c 'echo 0 > /sys/fs/cgroup/lost/cgroup.procs; exec {command}'"
    m.child.send(f"{command} & P=$!\n")
    out, pages = map(int, m.expect(r"lostpage: (\d+) of (\d+) pages out", 120).groups())
    m.run("true")
    return out, pages


def read_back(m):
    """(intact, lost, wrong) pages of the lostpage in the background."""
    text = m.run("kill -USR1 $P; wait $P", 120)
    return tuple(map(int, re.search(r"lostpage: intact (\d+) lost (\d+) wrong (\d+)", text).groups()))


def swap_off_and_compare(m, before):
    """swapoff succeeds, whatever the disk lost, and leaves nothing behind."""
    m.run("! grep -q vda /proc/swaps || swapoff /dev/vda", 120)
    assert len(m.run("cat /proc/swaps").strip().splitlines()) == 1
    after = m.settled()
    assert after["SwapFree"] == 0
    assert before["MemFree"] - after["MemFree"] < 1024
    assert abs(after["Committed_AS"] - before["Committed_AS"]) < 512


def test_no_disk():
    with Machine(mem=128) as m:
        m.wait_shell()
        status, out = m.run_status("swapon /dev/vda")
        assert status and "No such file" in out
        assert m.meminfo()["SwapTotal"] == 0


def test_disk_without_signature(tmp_path):
    with Machine(mem=128, disks=[swap_image(tmp_path / "blank", signature=False)]) as m:
        m.wait_shell()
        status, out = m.run_status("swapon /dev/vda")
        assert status and "Invalid argument" in out
        assert "Unable to find swap-space signature" in m.run("dmesg")
        assert m.meminfo()["SwapTotal"] == 0


def test_healthy_disk_loses_nothing(tmp_path):
    with Machine(mem=96, disks=[swap_image(tmp_path / "swap")]) as m:
        m.wait_shell()
        before = m.settled()
        m.run("swapon /dev/vda")
        for arguments in ("16", "16 shared"):
            out, pages = swap_out(m, arguments)
            assert out >= pages - 64            # some wait in per-CPU lists
            assert read_back(m) == (pages, 0, 0)
        swap_off_and_compare(m, before)


@pytest.mark.parametrize("kind", ["press", "shared"])
def test_unreadable_sector(tmp_path, kind):
    """The 1000th page of the disk cannot be read: whoever needs it gets SIGBUS, with its address."""
    disk = failing_disk(tmp_path, "read", 1000)
    with Machine(mem=96, disks=[disk]) as m:
        m.wait_shell()
        before = m.settled()
        m.run("swapon /dev/vda")
        out, pages = swap_out(m, f"16 {kind}")
        intact, lost, wrong = read_back(m)
        # its neighbours may have been in the same transfer (readahead)
        assert 1 <= lost <= 8 and intact == pages - lost and wrong == 0
        assert re.search(r"I/O error, dev vda, sector 79\d\d|sector 80\d\d op 0x0:\(READ\)", m.console)
        assert "Read-error on swap-device (254:0:" in m.console
        swap_off_and_compare(m, before)


def test_unreadable_page_kills_only_who_needs_it(tmp_path):
    disk = failing_disk(tmp_path, "read", 1000)
    with Machine(mem=96, disks=[disk]) as m:
        m.wait_shell()
        before = m.settled()
        m.run("swapon /dev/vda")
        swap_out(m, "16 press die")
        status, _ = m.run_status("kill -USR1 $P; wait $P")
        assert status == 128 + 7
        swap_off_and_compare(m, before)


@pytest.mark.parametrize("kind", ["press", "shared"])
def test_swapoff_of_a_disk_with_an_unreadable_page(tmp_path, kind):
    """swapoff brings home what it can; the page it cannot read is lost for good, and stays lost for a child."""
    disk = failing_disk(tmp_path, "read", 1000)
    with Machine(mem=96, disks=[disk]) as m:
        m.wait_shell()
        before = m.settled()
        m.run("swapon /dev/vda")
        _, pages = swap_out(m, f"16 {kind}")
        m.run("swapoff /dev/vda", 120)
        assert m.meminfo()["SwapTotal"] == 0
        m.run("cat /proc/$P/smaps /proc/$P/status > /dev/null")
        intact, lost, wrong = read_back(m)
        assert 1 <= lost <= 8 and intact == pages - lost and wrong == 0
        swap_off_and_compare(m, before)


def test_unwritable_disk_loses_nothing(tmp_path):
    """A page that cannot be written stays in memory."""
    with Machine(mem=96, disks=[failing_disk(tmp_path, "write")]) as m:
        m.wait_shell()
        before = m.settled()
        m.run("swapon /dev/vda")
        m.child.send("lostpage 16 & P=$!\n")
        out, pages = map(int, m.expect(r"lostpage: (\d+) of (\d+) pages out", 120).groups())
        assert out == 0 and "Write-error on swap-device (254:0:" in m.console
        m.run("true")
        assert read_back(m) == (pages, 0, 0)
        swap_off_and_compare(m, before)


def test_failures_from_the_kernel_parameter(tmp_path):
    with Machine(mem=96, disks=[swap_image(tmp_path / "swap")], append="fail_blk=40,7") as m:
        m.wait_shell()
        before = m.settled()
        m.run("until swapon /dev/vda; do :; done")
        swap_out(m, "16")       # not by wanting memory: a page whose write fails stays, and the swap area is small
        intact, lost, wrong = read_back(m)
        assert wrong == 0 and intact > 0
        assert "I/O error, dev vda" in m.console
        swap_off_and_compare(m, before)


def vanish(m, machine, way):
    if way == "drive_del":                      # the medium: every request ends with an error
        m.hmp("drive_del d0")
        return
    # The device itself, without asking the guest: QEMU's ACPI hotplug controller is told to eject the slot.
    slot = int(re.search(r"Bus +0, device +(\d+), function 0:\s+SCSI controller", m.hmp("info pci")).group(1))
    m.qmp("device_del", id="disk0")
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30 * MULTIPLIER)
        s.connect(str(m.qtest_path))
        lines = s.makefile("rw", encoding="ascii")
        for command in ("outl 0xae10 0x0", f"outl 0xae08 {1 << slot:#x}"):
            lines.write(command + "\n")
            lines.flush()
            assert lines.readline().startswith("OK")


@pytest.mark.parametrize("way", ["drive_del", "eject"])
@pytest.mark.parametrize("kind", ["", "shared"])
def test_disk_vanishes(tmp_path, way, kind):
    """All that was on it is lost, and nothing else: its owner gets SIGBUS for each page."""
    qtest = tmp_path / "qtest"
    with Machine(mem=96, disks=[swap_image(tmp_path / "swap")], qmp=True,
                 extra=["-qtest", f"unix:{qtest},server=on,wait=off", "-qtest-log", "/dev/null"]) as m:
        m.qtest_path = qtest
        m.wait_shell()
        before = m.settled()
        m.run("swapon /dev/vda")
        out, pages = swap_out(m, f"16 {kind}")
        vanish(m, "pc", way)
        intact, lost, wrong = read_back(m)
        # a few may have come back with somebody else's readahead
        assert wrong == 0 and intact + lost == pages and lost >= out - 64
        if way == "eject":
            assert "vda: device is gone" in m.console
        assert m.run("echo alive").strip() == "alive"
        swap_off_and_compare(m, before)
        assert m.run_status("swapon /dev/vda")[0] != 0


def test_disk_vanishes_under_load(tmp_path):
    """Four processes read their pages when the disk goes: what was read is right, the rest is SIGBUS."""
    with Machine(mem=96, disks=[swap_image(tmp_path / "swap", 128)], qmp=True, cpus=4) as m:
        m.wait_shell()
        before = m.settled()
        m.run("swapon /dev/vda")
        for _ in range(4):
            swap_out(m, "8")
        m.child.send("killall -USR1 lostpage; wait\n")
        m.hmp("drive_del d0")
        for _ in range(4):
            intact, lost, wrong = map(int, m.expect(r"lostpage: intact (\d+) lost (\d+) wrong (\d+)", 120).groups())
            assert intact + lost == 2048 and wrong == 0
        assert "alive" in m.run("echo alive")
        swap_off_and_compare(m, before)
