"""Groups: the tree as a file system, who is in which, limits on tasks, freezing and killing, under load too."""

import re

from brink import Machine

CG = "/sys/fs/cgroup"


def with_groups(**kwargs):
    m = Machine(**kwargs)
    m.wait_shell()
    m.run(f"mount -t cgroup2 none {CG}")
    return m


def refused(m, command, why):
    status, output = m.run_status(f"{{ {command}; }} 2>&1")
    assert status and why in output, f"{command}: {status}, {output!r}"


def test_the_tree_and_its_rules():
    with with_groups(mem=128, cpus=2) as m:
        assert m.run("stat -f -c %t " + CG).strip() == "63677270"
        assert "pids" in m.run(f"cat {CG}/cgroup.controllers")
        assert re.search(r"^pids\t0\t1\t1$", m.run("cat /proc/cgroups"), re.M)
        m.run(f"cd {CG} && mkdir a && ls a/cgroup.type && ! ls a/pids.max 2>/dev/null")
        m.run("echo +pids > cgroup.subtree_control && ls a/pids.max a/pids.peak")
        assert m.run("cat cgroup.subtree_control").strip() == "pids"
        refused(m, "echo +nothing > cgroup.subtree_control", "Invalid argument")
        refused(m, "echo pids > cgroup.subtree_control", "Invalid argument")
        # Members.
        m.run("sleep 1000 & echo $! > /p; echo $(cat /p) > a/cgroup.procs")
        pid = m.run("cat /p").strip()
        assert m.run(f"cat /proc/{pid}/cgroup").strip() == "0::/a"
        assert m.run("cat a/cgroup.procs a/cgroup.threads a/pids.current").split() == [pid, pid, "1"]
        assert "populated 1" in m.run("cat a/cgroup.events")
        for text, why in (("-1", "Invalid"), ("x", "Invalid"), ("1 2", "Invalid"), ("2", "Invalid"),
                          ("32000", "No such process")):
            refused(m, f"echo {text} > a/cgroup.procs", why)
        refused(m, "rmdir a", "Device or resource busy")
        # They are listed, and looked at by whoever walks the group, in the order they came.
        m.run("sleep 1000 & a=$!; sleep 1000 & b=$!; echo $b > a/cgroup.procs; echo $a > a/cgroup.procs; echo $b $a > /q")
        assert m.run("cat a/cgroup.procs").split() == [pid] + m.run("cat /q").split()
        m.run("for p in $(cat /q); do echo $p > cgroup.procs; kill $p; wait $p; done 2>/dev/null; true")
        assert m.run("cat a/cgroup.procs").split() == [pid]
        # Controllers and tasks in one group: only those that know how.
        m.run("mkdir a/b && echo +pids > a/cgroup.subtree_control")
        assert m.run("cat a/cgroup.type a/b/cgroup.type").split("\n")[:2] == ["domain threaded", "domain invalid"]
        refused(m, f"echo {pid} > a/b/cgroup.procs", "Operation not supported")
        m.run("echo -pids > a/cgroup.subtree_control")
        m.run(f"echo {pid} > a/b/cgroup.procs && echo +pids > a/cgroup.subtree_control")
        assert m.run("cat a/b/pids.current a/pids.current").split() == ["1", "1"]
        refused(m, f"echo {pid} > a/cgroup.procs", "Device or resource busy")
        refused(m, "echo -pids > cgroup.subtree_control", "Device or resource busy")
        # Limits of the tree; names; files that are no groups.
        m.run("echo 1 > a/cgroup.max.depth")
        refused(m, "mkdir a/b/c", "temporarily unavailable")
        m.run("echo max > a/cgroup.max.depth; echo 1 > a/cgroup.max.descendants")
        refused(m, "mkdir a/c", "temporarily unavailable")
        refused(m, "echo -1 > a/cgroup.max.depth", "out of range")
        refused(m, "touch a/file", "Permission denied")
        refused(m, "rm a/cgroup.procs", "not permitted")
        refused(m, "mv a z", "not permitted")
        # An owner's file stays his.
        m.run("chown 1000 a/cgroup.procs && chmod 600 a/cgroup.procs")
        assert re.match(r"-rw-------\s+1 1000 ", m.run("ls -ln a/cgroup.procs"))
        # A zombie keeps its group's name when that is gone, and does not hold it up.
        m.run("echo 1 > a/cgroup.kill; while grep -q 'populated 1' a/cgroup.events; do :; done")
        m.run("rmdir a/b a")
        assert m.run(f"cat /proc/{pid}/cgroup 2>/dev/null; wait; cd /").strip() in ("0::/a/b (deleted)", "")


def test_members():
    """Born into a group, threads in threaded groups, whose rights count, namespaces."""
    with Machine(mem=128, cpus=4) as m:
        m.wait_shell()
        m.run("chmod 755 /")                    # for who is not root
        m.run(f"mount -t cgroup2 -o nsdelegate,memory_recursiveprot none {CG}")
        options = "rw,relatime,nsdelegate,memory_recursiveprot"
        assert f"none {CG} cgroup2 {options} 0 0" in m.run("cat /proc/mounts")
        refused(m, f"mount -o remount,bogus {CG}", "Invalid argument")
        m.run(f"cd {CG} && echo +memory > cgroup.subtree_control && mkdir q")
        assert "cgmember: all passed" in m.run("cgmember .; cgmember q")
        # A threaded child of the root gives up what is for processes.
        m.run("mkdir -p t/u && ls t/memory.max && echo threaded > t/cgroup.type && ! ls t/memory.max 2>/dev/null")
        assert m.run("cat t/cgroup.type t/u/cgroup.type").split("\n")[:2] == ["threaded", "domain invalid"]
        m.run("echo -memory > cgroup.subtree_control && echo +memory > cgroup.subtree_control && ls q/memory.max")
        refused(m, "ls t/memory.max", "No such file")
        refused(m, "cat t/cgroup.procs", "not supported")
        refused(m, "echo 1 > t/cgroup.kill", "not supported")
        m.run("rmdir t/u t q")
        # Pressure can be switched off, and then it has no files.
        m.run("mkdir p && ls p/memory.pressure && echo 0 > p/cgroup.pressure")
        refused(m, "cat p/memory.pressure", "No such file")
        refused(m, "echo 2 > p/cgroup.pressure", "out of range")
        m.run("sh -c 'echo 0 > p/cgroup.procs; for i in 1 2 3 4 5 6; do (while :; do :; done) & done; echo 1 > p/cgroup.pressure; exit'")
        m.run("until grep -qv total=0 p/cpu.pressure; do :; done")
        m.run("echo 0 > p/cgroup.pressure; echo 1 > p/cgroup.kill; echo 1 > p/cgroup.pressure")
        m.run("while ! rmdir p 2>/dev/null; do :; done")
        # The last mount's options hold for all.
        m.run(f"mkdir /cg && mount -t cgroup2 none /cg && umount /cg")
        assert f"none {CG} cgroup2 rw,relatime 0 0" in m.run("cat /proc/mounts")


def test_pids_max_stops_a_fork_bomb():
    with with_groups(mem=192, cpus=4) as m:
        m.run(f"cd {CG} && echo +pids > cgroup.subtree_control && mkdir a && echo 20 > a/pids.max")
        bomb = "sh -c 'echo 0 > a/cgroup.procs; exec forkbomb {}' & wait"
        m.run(bomb.format(1), 60)               # caches that stay are made before we count
        before = m.settled()
        m.run(bomb.format(3), 60)
        assert "cgroup: fork rejected by pids controller in /a" in m.console
        assert int(m.run("cat a/pids.events").split()[1]) > 0
        assert m.run("cat a/pids.peak").strip() == "20"
        m.run("while ! rmdir a 2>/dev/null; do :; done; cd /")
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 1024, (before, after)


def test_freeze_and_kill():
    with with_groups(mem=128, cpus=4) as m:
        m.run(f"cd {CG} && mkdir -p a/b && echo 0 > /count")
        m.run("(echo 0 > a/b/cgroup.procs; while :; do :; done) & echo $! > /p")
        m.run("(echo 0 > a/cgroup.procs; exec sleep 1000) & echo $! > /q")
        m.run("while [ $(cat a/cgroup.procs a/b/cgroup.procs | wc -l) != 2 ]; do :; done")
        m.run("echo 1 > a/cgroup.freeze; while ! grep -q 'frozen 1' a/cgroup.events; do :; done")
        assert "frozen 1" in m.run("cat a/b/cgroup.events")
        used = m.run("cat a/b/cpu.stat; sleep 0.3; cat a/b/cpu.stat")
        first, second = re.findall(r"usage_usec (\d+)", used)
        assert first == second and int(first) > 0
        # A signal does not thaw it; thawing lets it work again; a frozen task can be killed.
        m.run("kill -CONT $(cat /p); sleep 0.1; grep -q 'frozen 1' a/cgroup.events")
        m.run("echo 0 > a/cgroup.freeze; grep -q 'frozen 0' a/cgroup.events")
        m.wait_until(f"[ $(awk '/usage_usec/ {{print $2}}' a/b/cpu.stat) -gt {second} ]")
        m.run("echo 1 > a/cgroup.freeze; while ! grep -q 'frozen 1' a/cgroup.events; do :; done")
        m.run("echo 1 > a/cgroup.kill; wait; grep -q 'populated 0' a/cgroup.events")
        m.run("rmdir a/b a; cd /")


def test_groups_come_and_go_under_load():
    with with_groups(mem=256, cpus=4) as m:
        m.run("cgstress 1 7", 120)
        before = m.settled()
        for seed in (1, 2):
            assert "cgstress: all passed" in m.run_status(f"cgstress 4 {seed}", 120)[1]
        m.run(f"while ! grep -q 'nr_dying_descendants 0' {CG}/cgroup.stat; do :; done")
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 1024, (before, after)
