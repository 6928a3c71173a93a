"""Random loads on ext2, for test_ext2.py (short) and tests/soak (long): data against a model (user/tests/fsx.c), names by
several processes at once (fsstress.c), with sync(1) and a program that eats memory beside them."""

import random


def load(m, folders, seed, ops, files=2, flags="", timeout=300):
    """fsx and fsstress in each of @folders at once; what they say. => 40 MiB or little more, and swap; a folder in
    /tmp is a tmpfs"""
    work = "".join(f"mkdir -p {d}/s; fsstress -s {seed} -n {ops} -p 2 {d}/s & "
                   f"fsx -s {seed} -n {ops} {flags}{' -k' * d.startswith('/tmp/')} "
                   f"{' '.join(f'{d}/x{n}' for n in range(files))} & all=\"$all $!\"; "
                   for d in folders)
    return m.run("rm -f /stop; (until [ -e /stop ]; do thrash 24 1 > /dev/null 2>&1; done) & "
                 "(until [ -e /stop ]; do sync; usleep 30000; done) & all=; "
                 f"{work} wait $all; : > /stop; wait", timeout)


def broken(image, seed, sectors=7000, first=8):
    """A drive whose medium does not read some sectors, and does not take others."""
    r = random.Random(seed)
    rules = "".join(f"file.inject-error.{i}.event=none,file.inject-error.{i}.iotype={r.choice(('read', 'write'))},"
                    f"file.inject-error.{i}.sector={r.randrange(first, sectors) & ~7}," for i in range(40))
    return f"driver=raw,file.driver=blkdebug,{rules}file.image.driver=file,file.image.filename={image}"
