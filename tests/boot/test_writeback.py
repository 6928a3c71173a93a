"""Dirty pages: who writes them, when, and who must wait for whom. Every wait is for a condition, never for a time."""

from brink import Machine
from test_ext2 import assert_clean, make_image

WAIT = "until {}; do usleep 20000; done"


def mount(m, *disks):
    for disk in disks:
        m.run(f"mkdir -p /{disk}; mount -t ext2 /dev/{disk} /{disk}")


def setting(m, **values):
    for name, value in values.items():
        m.run(f"echo {value} > /proc/sys/vm/{name}")


def dirty_below(kb):
    return f"[ `awk '/^(Dirty|Writeback):/ {{ n += $2 }} END {{ print n }}' /proc/meminfo` -le {kb} ]"


def write(path, mib, conv="notrunc"):
    return f"dd if=/dev/zero of={path} bs=64k count={mib * 16} conv={conv} 2> /dev/null"


def test_background_threshold_and_expiry(tmp_path):
    """Below the threshold nothing is written before its time; above it the flusher goes to work, until it is below."""
    image = make_image(tmp_path / "disk", 48, 4096)
    with Machine(mem=256, disks=[image]) as m:
        m.wait_shell()
        mount(m, "vda")
        m.run("sync")
        # Nobody looks by himself, and what is dirty never gets old.
        setting(m, dirty_background_bytes=8 << 20, dirty_bytes=64 << 20, dirty_writeback_centisecs=0, dirty_expire_centisecs=360000)
        before = m.vmstat()
        m.run(write("/vda/a", 4))
        assert m.vmstat()["nr_written"] == before["nr_written"] and m.vmstat()["nr_dirty"] >= 1024
        m.run(write("/vda/b", 12))
        m.run(WAIT.format(dirty_below(8 << 10)), 120)
        assert m.vmstat()["nr_dirty"] > 0, "it is no more than the threshold that starts it"
        # From now on the flusher looks ten times a second, but all of it is young.
        m.run("sync")
        setting(m, dirty_writeback_centisecs=10)
        m.run(write("/vda/c", 1))
        before = m.vmstat()
        m.run("usleep 500000")
        assert m.vmstat()["nr_written"] == before["nr_written"]
        setting(m, dirty_expire_centisecs=10)
        m.run(WAIT.format(dirty_below(0)), 120)
        assert m.vmstat()["nr_written"] >= before["nr_written"] + 256
        m.run("umount /vda")
        m.power_off()
    assert_clean(image)


def test_a_slow_disk_does_not_hold_up_the_other(tmp_path):
    """One disk takes 64 KiB a second: its writer fills its share of the limit and waits. Meanwhile four times the limit
    goes to the other disk, fsync included, and the first writer, who would need minutes, has not ended."""
    slow, fast = make_image(tmp_path / "slow", 64, 4096), make_image(tmp_path / "fast", 64, 4096)
    with Machine(mem=256, disks=[f"file={slow},format=raw,cache=unsafe,throttling.bps-write=65536", fast], qmp=True) as m:
        m.wait_shell()
        assert {"flush-254:0", "flush-254:16"} <= set(m.run("cat /proc/[0-9]*/comm").split())
        mount(m, "vda", "vdb")
        setting(m, dirty_background_bytes=2 << 20, dirty_bytes=8 << 20)
        m.run(f"{write('/vda/slow', 24)} & slow=$!; " + WAIT.format("grep -q balance_dirty_pages /proc/$slow/wchan"), 120)
        m.run(f"{write('/vdb/fast', 32, 'fsync')}; [ -d /proc/$slow ] && ! [ `stat -c %s /vda/slow` = {24 << 20} ]", 120)
        # The disk is mended: all of it goes out, and nothing is left.
        m.qmp("block_set_io_throttle", device="d0", bps=0, bps_rd=0, bps_wr=0, iops=0, iops_rd=0, iops_wr=0)
        m.run("wait; sync", 120)
        m.run(dirty_below(0))
        m.run(f"[ `stat -c %s /vda/slow` = {24 << 20} ]; umount /vda; umount /vdb")
        m.power_off()
    assert_clean(slow)
    assert_clean(fast)


def test_fsync_does_not_run_after_who_writes_on(tmp_path):
    """It writes what is dirty as it begins. The disk has four requests, so most of 4 MiB still waits to be sent when the
    file grows to 36: what came later is not waited for."""
    image = make_image(tmp_path / "disk", 64, 4096)
    with Machine(mem=256, disks=[f"file={image},format=raw,cache=unsafe,throttling.bps-write={4 << 20}"]) as m:
        m.wait_shell()
        mount(m, "vda")
        # Nobody else writes.
        setting(m, dirty_background_bytes=100 << 20, dirty_bytes=200 << 20, dirty_writeback_centisecs=0)
        m.run("echo 4 > /sys/block/vda/queue/nr_requests; sync; " + write("/vda/file", 4))
        before = m.vmstat()
        m.run("sync -d /vda/file & " + WAIT.format("[ `awk '$1 == \"nr_writeback\" { print $2 }' /proc/vmstat` -gt 0 ]") + "; " +
              write("/vda/file", 32, "notrunc oflag=append") + "; wait", 120)
        assert 1024 <= m.vmstat()["nr_written"] - before["nr_written"] < 2048
        assert int(m.run("stat -c %s /vda/file")) == 36 << 20
        m.run("rm /vda/file; umount /vda")
        m.power_off()
    assert_clean(image)
