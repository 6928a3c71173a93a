"""Nodes: from the firmware's tables and from numa=fake=, policies, migration, cpusets, and OOMs confined to nodes."""

import re

from brink import Machine


def two_nodes(first=384, second=128, cpus=("0", "1")):
    """QEMU's words for a machine of two nodes, MiB each."""
    return ["-object", f"memory-backend-ram,id=m0,size={first}M", "-object", f"memory-backend-ram,id=m1,size={second}M",
            "-numa", f"node,nodeid=0,memdev=m0,cpus={cpus[0]}", "-numa", f"node,nodeid=1,memdev=m1,cpus={cpus[1]}"]


def node_kb(m, node):
    text = m.run(f"cat /sys/devices/system/node/node{node}/meminfo")
    return {k: int(v) for k, v in re.findall(r"^Node \d+ ([^:]+): +(\d+) kB", text, re.M)}


def test_the_firmwares_nodes_become_ours():
    with Machine(mem=512, highmem=0, extra=[*two_nodes(), "-numa", "dist,src=0,dst=1,val=33"]) as m:
        m.wait_shell()
        assert "Brought up 2 nodes, 2 CPUs" in m.console
        assert m.run("cat /sys/devices/system/node/online").strip() == "0-1"
        assert m.run("cat /sys/devices/system/node/node0/distance").split() == ["10", "33"]
        assert m.run("cat /sys/devices/system/node/node1/distance").split() == ["33", "10"]
        assert m.run("cat /sys/devices/system/node/node1/cpulist").split() == ["1"]
        assert m.run("ls -d /sys/devices/system/cpu/cpu1/node1/cpu1").strip()
        a, b, info = node_kb(m, 0), node_kb(m, 1), m.meminfo()
        assert a["MemTotal"] + b["MemTotal"] == info["MemTotal"]
        assert abs(a["MemTotal"] - b["MemTotal"] - (256 << 10)) < 24 << 10
        # A node's own CPU finds its memory first, and the counters say so.
        before = node_kb(m, 1)["MemFree"]
        m.start("taskset 2 numatest hog 0 24 3600")
        m.run("cat /proc/$!/numa_maps; kill -9 $!; wait $! 2>/dev/null; true")
        hits = dict(re.findall(r"(\w+) (\d+)", m.run("cat /sys/devices/system/node/node1/numastat")))
        assert int(hits["numa_hit"]) >= 5000 and int(hits["local_node"]) >= 5000 and before > 0
        # One kswapd a node, at home.
        for n in (0, 1):
            pid = m.run(f"pidof kswapd{n} || ps | grep '\\[kswapd{n}\\]' | awk '{{print $1}}'").split()[0]
            assert re.search(rf"Cpus_allowed_list:\s+{n}\n", m.run(f"cat /proc/{pid}/status"))


def test_four_fake_nodes():
    # little HighMem: a node's low memory goes before another's HighMem, and the shell needs some to fork
    with Machine(mem=512, cpus=4, highmem=64, append="numa=fake=4") as m:
        m.wait_shell()
        assert m.run("cat /sys/devices/system/node/has_memory").strip() == "0-3"
        assert [m.run(f"cat /sys/devices/system/node/node{n}/cpulist").strip() for n in range(4)] == list("0123")
        totals = [node_kb(m, n)["MemTotal"] for n in range(4)]
        assert sum(totals) == m.meminfo()["MemTotal"] and min(totals) > 90 << 10
        zones = re.findall(r"^Node (\d), zone +(\w+)", m.run("cat /proc/buddyinfo"), re.M)
        assert ("0", "DMA") in zones and ("3", "HighMem") in zones and ("3", "DMA") not in zones
        assert re.search(r"Mems_allowed_list:\s+0-3\n", m.run("cat /proc/self/status"))
        # All of it can be had by one process, wherever it runs.
        before = m.settled()
        m.start("taskset 8 numatest hog 0 400 3600", timeout=120)
        assert min(node_kb(m, n)["MemUsed"] for n in (0, 1, 3)) > 90 << 10     # its own node's and others'
        m.run("kill -9 $!; wait $! 2>/dev/null; true")
        assert abs(m.settled()["MemFree"] - before["MemFree"]) < 1024
        assert m.vmstat()["numa_miss"] > 10000


def test_policies():
    with Machine(mem=512, extra=two_nodes()) as m:
        m.wait_shell()
        before = m.settled()
        assert "all passed" in m.run("numatest policy")
        assert "all passed" in m.run("numatest split")
        after = m.settled()
        assert before["Committed_AS"] == after["Committed_AS"]
        assert abs(before["MemFree"] - after["MemFree"]) < 512


def test_pages_migrate_under_load():
    with Machine(mem=512, cpus=4, append="numa=fake=2") as m:
        m.wait_shell()
        m.run("numatest migrate 2")
        before = m.settled()
        out = m.run("numatest migrate 8", timeout=120)
        assert "all passed" in out and "FAIL" not in out
        after, stat = m.settled(), m.vmstat()
        assert stat["pgmigrate_success"] > 200
        assert stat["nr_isolated_anon"] == stat["nr_isolated_file"] == 0
        assert abs(before["MemFree"] - after["MemFree"]) < 512, (before, after)


def cpuset_group(m, name, cpus, mems):
    m.run("mkdir -p /cg; grep -q /cg /proc/mounts || mount -t cgroup2 none /cg; echo +cpuset > /cg/cgroup.subtree_control")
    m.run(f"mkdir /cg/{name}; echo {mems} > /cg/{name}/cpuset.mems; echo {cpus} > /cg/{name}/cpuset.cpus")


def test_a_cpuset_moves_a_task_and_its_memory():
    with Machine(mem=512, cpus=4, highmem=0, append="numa=fake=2") as m:
        m.wait_shell()
        before = m.settled()
        cpuset_group(m, "a", "2-3", "1")
        for value, error in (("7", "Invalid argument"), ("x", "Invalid argument"), ("9999", "out of range")):
            status, output = m.run_status(f"echo {value} > /cg/a/cpuset.mems")
            assert status and error in output
        m.start("numatest hog 0 40 3600")
        m.run("p=$!; echo $p > /cg/a/cgroup.procs")
        assert m.run("cat /proc/$p/cpuset").strip() == "/a"
        status = m.run("cat /proc/$p/status")
        assert re.search(r"Cpus_allowed_list:\s+2-3\n", status) and re.search(r"Mems_allowed_list:\s+1\n", status)
        assert not re.search(r"anon=10240 .* N0=", m.run("cat /proc/$p/numa_maps"))
        m.run("echo 0 > /cg/a/cpuset.mems; echo 0-1 > /cg/a/cpuset.cpus")
        assert re.search(r"anon=10240 .* N0=10240 kernel", m.run("cat /proc/$p/numa_maps"))
        assert "can't set" in m.run_status("taskset -p 8 $p")[1]        # CPU 3 is not in it
        m.run("taskset -p f $p")
        assert re.search(r"Cpus_allowed_list:\s+0-1\n", m.run("cat /proc/$p/status"))
        # What it does not say, it has from above; emptied while in use: ENOSPC.
        m.run("mkdir /cg/b")
        assert m.run("cat /cg/b/cpuset.mems.effective /cg/b/cpuset.cpus.effective").split() == ["0-1", "0-3"]
        assert "No space" in m.run_status("echo > /cg/a/cpuset.mems")[1]
        m.run("kill -9 $p; wait $p 2>/dev/null; true")
        m.run("rmdir /cg/a /cg/b")
        after = m.settled()
        assert abs(after["MemFree"] - before["MemFree"]) < 1024, (before, after)


def test_ooms_of_a_part_of_memory():
    with Machine(mem=256, cpus=2, highmem=0, append="numa=fake=2") as m:
        m.wait_shell()
        cpuset_group(m, "a", "0-1", "1")
        m.run("echo 1 > /proc/sys/vm/panic_on_oom; dmesg -c > /dev/null")      # which spares such OOMs
        status, _ = m.run_status("sh -c 'echo $$ > /cg/a/cgroup.procs; exec big_mm'", timeout=120)
        assert status == 137
        log = m.run("dmesg")
        assert re.search(r"oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=\(null\),cpuset=a,mems_allowed=1,global_oom", log)
        assert "Node 1 Normal free:" in log and "Node 0 Normal free:" not in log and "Node 0 DMA" not in log
        assert node_kb(m, 0)["MemFree"] > 60 << 10
        m.run("dmesg -c > /dev/null")
        status, _ = m.run_status("numatest hog 2 200", timeout=120)
        assert status == 137
        log = m.run("dmesg")
        assert re.search(r"oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=1,cpuset=/,mems_allowed=0-1,global_oom", log)
        # Who is bound to the other node could not help, and is not in the table.
        m.run("dmesg -c > /dev/null")
        m.start("numatest hog 1 60 3600")
        m.run("p=$!")
        status, _ = m.run_status("numatest hog 2 200", timeout=120)
        assert status == 137 and m.run("cat /proc/$p/comm").strip() == "numatest"
        pid = m.run("echo $p").strip()
        assert not re.search(rf"\[ +{pid}\]", m.run("dmesg"))
        m.run("kill -9 $p; wait $p 2>/dev/null; true")
