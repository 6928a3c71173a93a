"""Core files: a process that dies of a signal leaves its memory in a file."""

import os
import subprocess

from brink import Machine

MKE2FS = next((p for p in ("/usr/sbin/mke2fs", "/sbin/mke2fs") if os.path.exists(p)), "mke2fs")


def test_what_a_core_holds_and_where_it_lies():
    with Machine(mem=256, swap=64, cpus=4).wait_shell() as m:
        m.run("coretest", 120)      # what is made once
        before = m.settled()
        assert "coretest: all passed" in m.run("coretest", 120)
        assert "coretest: all passed" in m.run("coretest many", 120)    # leaves page tables to others
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 512 and before["Committed_AS"] == after["Committed_AS"]


def dies(m, command, timeout=60):
    """The exit status of a shell that @command ends, with its core unlimited."""
    return m.run_status(f"sh -c 'ulimit -c unlimited; {command}'", timeout)[0]


def test_a_dump_that_cannot_be_finished(tmp_path):
    """A full file system, SIGKILL, the OOM killer: the process ends, what it had is free, and the machine lives."""
    slow = tmp_path / "slow"
    slow.write_bytes(bytes(64 << 20))
    subprocess.run([MKE2FS, "-q", "-t", "ext2", slow], check=True)
    broken = tmp_path / "broken"
    broken.write_bytes(bytes(64 << 20))
    subprocess.run([MKE2FS, "-q", "-t", "ext2", "-b", "4096", broken], check=True)
    disks = [f"file={slow},format=raw,cache=unsafe,throttling.bps-write=65536",
             "driver=raw,file.driver=blkdebug,file.inject-error.0.event=none,file.inject-error.0.iotype=write,"
             f"file.inject-error.0.sector=32000,file.image.driver=file,file.image.filename={broken}"]
    with Machine(mem=256, cpus=2, disks=disks, qmp=True).wait_shell() as m:
        m.run("mkdir /full /slow /broken; mount -t ext2 /dev/vdb /broken; mount -t tmpfs -o size=2m full /full; mount -t ext2 /dev/vda /slow; "
              "mount -t cgroup2 none /sys/fs/cgroup; echo +memory > /sys/fs/cgroup/cgroup.subtree_control")
        before = m.settled()
        # ENOSPC: as much as there is room for.
        m.run("echo /full/core > /proc/sys/kernel/core_pattern")
        assert dies(m, "exec coretest big 16") == 128 + 11
        assert int(m.run("stat -c %s /full/core")) > 1 << 20
        m.run("umount /full")
        # EIO, in the midst of it: nobody waits for that write. The file is as long as it is to be.
        m.run("echo 4194304 > /proc/sys/vm/dirty_bytes; echo /broken/core > /proc/sys/kernel/core_pattern")
        assert dies(m, "exec coretest big 32") == 128 + 11
        m.run("sync; dmesg | grep -q 'I/O error, dev vdb, sector 3[12]...'")
        assert int(m.run("stat -c %s /broken/core")) > 32 << 20
        m.run("rm /broken/core; umount /broken")
        # With 4 MiB that may be dirty, 32 MiB need seven minutes: somebody loses patience.
        m.run("echo 4194304 > /proc/sys/vm/dirty_bytes; echo /slow/core > /proc/sys/kernel/core_pattern")
        m.run("(ulimit -c unlimited; exec coretest big 32) > /dev/null & "
              "until grep -q CoreDumping:.1 /proc/$!/status && [ -s /slow/core ]; do usleep 10000; done")
        assert m.run_status("kill -TERM $!; kill -CONT $!; kill -KILL $!; wait $!")[0] == 128 + 9
        m.qmp("block_set_io_throttle", device="d0", bps=0, bps_rd=0, bps_wr=0, iops=0, iops_rd=0, iops_wr=0)
        m.run("rm /slow/core; umount /slow", 120)
        # The core is charged to the group, too, and there is no room for both.
        m.run("mkdir /sys/fs/cgroup/g; echo 24M > /sys/fs/cgroup/g/memory.max; "
              "mkdir /cores; mount -t tmpfs cores /cores; echo /cores/core > /proc/sys/kernel/core_pattern")
        assert dies(m, "echo 0 > /sys/fs/cgroup/g/cgroup.procs; exec coretest big 16") == 128 + 9
        assert "Killed process" in m.run("dmesg | tail -5")
        m.run("umount /cores; rmdir /sys/fs/cgroup/g")
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 1024 and before["Committed_AS"] == after["Committed_AS"]


def test_cores_under_failing_allocations():
    with Machine(mem=256, swap=32, cpus=4, append="fail_page_alloc=0,5").wait_shell() as m:
        m.run("coretest", 120)
        before = m.settled()
        for interval in (200, 40):
            m.run(f"echo {interval} > /proc/sys/vm/fail_page_alloc_interval")
            for _ in range(3):
                m.run_status("timeout -s KILL 30 coretest > /dev/null 2>&1", 120)
                m.run_status("(ulimit -c unlimited; cd /tmp; exec timeout -s KILL 30 coretest crash > /dev/null 2>&1)", 120)
        m.run("echo 0 > /proc/sys/vm/fail_page_alloc_interval")
        m.run("killall -9 coretest 2>/dev/null; wait; while pidof timeout; do :; done > /dev/null; rm -rf /tmp/core* /tmp/procmem*", 60)
        m.run("echo core > /proc/sys/kernel/core_pattern; echo 0 > /proc/sys/kernel/core_uses_pid; echo 0 > /proc/sys/fs/suid_dumpable")
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 1024
        assert abs(after["Committed_AS"] - before["Committed_AS"]) < 512
        assert "coretest: all passed" in m.run("coretest", 120)
