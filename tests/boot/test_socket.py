"""AF_UNIX sockets."""

import re

from brink import Machine


def test_unix_sockets():
    with Machine(mem=192, cpus=2) as m:
        m.wait_shell()
        m.run("mkdir -p /tmp; socktest; socktest cycles 1", 60)
        before = m.settled()
        status, out = m.run_status("socktest", 60)
        assert status == 0 and "socktest: all passed" in out, out
        # Sockets that only hold each other: 40 times 60 KiB would be missed.
        assert "cycles: all passed" in m.run("socktest cycles 40", 60)
        after = m.settled()
        assert before["MemFree"] - after["MemFree"] < 512
        shown = m.run("socktest @hidden")
        assert re.search(r"^[0-9a-f]{16}: 00000002 00000000 00010000 0001 01 +\d+ @hidden\r?$", shown, re.M)
        assert re.search(r" 00010000 0001 01 +\d+ /tmp/seen\r?$", m.run("socktest /tmp/seen"), re.M)
        # Nothing is left of all that.
        assert len(m.run("cat /proc/net/unix").strip().splitlines()) == 1
