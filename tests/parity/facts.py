"""A console as facts: what each command printed and what the kernel logged, without what varies from run to run.

Time, pids, addresses and counts are masked; kept are texts, orders, formats down to the padding, exit statuses, errno
texts, oom_score_adj, gfp masks. A line's own numbers stay beside its fact, for the lines that a scenario calls close.
"""

import re
from typing import NamedTuple

# Of a call trace only these are compared: what a compiler inlined or named besides is its own affair.
FUNCTIONS = """dump_stack_lvl dump_header oom_kill_process out_of_memory mem_cgroup_out_of_memory try_charge_memcg
    panic __alloc_pages_slowpath __alloc_pages handle_mm_fault do_user_addr_fault exc_page_fault asm_exc_page_fault
    moom_callback process_one_work worker_thread kthread ret_from_fork""".split()

STAMP = re.compile(r"^\[ *\d+\.\d{6}\] ?")
ZONE_LINE = re.compile(r"^(Node \d+ )?(DMA|DMA32|Normal|HighMem|Movable)( free:|: )")
HUGE = re.compile(r"hugepages_total=.*kB$")
NUMBER = re.compile(r"-?\b\d+(?:\.\d+)?")

# Numbers that are facts.
KEEP = re.compile(r"(exit status \d+|oom_score_adj[=:]-?\d+|order[=:]-?\d+|^oom_kill \d+$|"
                  r"mems_allowed=[\d-]+|nodemask=[\d-]+|UID:\d+|uid=\d+|"
                  r"n\*\d+kB|gfp_mask=0x[0-9a-f]+|hugepages_\w+=\d+)")
# A page fault's requests: a page for the user, one to read from swap into, a page table. Which comes first varies.
# A page of zeroes, a page to copy to, a page to swap in, a page table (i386 has them in HighMem): chance decides.
FAULT_GFP = re.compile(r"gfp_mask=(0x140dca\(GFP_HIGHUSER_MOVABLE\|__GFP_COMP\|__GFP_ZERO\)|"
                       r"0x140cca\(GFP_HIGHUSER_MOVABLE\|__GFP_COMP\)|0x100cca\(GFP_HIGHUSER_MOVABLE\)|"
                       r"0x400dc[02]\(GFP_KERNEL_ACCOUNT(\|__GFP_HIGHMEM)?\|__GFP_ZERO\))")
REGISTER = re.compile(r"(RIP|RSP|RAX|RDX|RBP|R10|R13): ")
CODE = re.compile(r"Code:( [0-9a-f]{2}){42} <[0-9a-f]{2}>( [0-9a-f]{2}){21}$")


class Fact(NamedTuple):
    text: str           # what is compared
    raw: str = ""       # the line it comes from, for its numbers


class Section(NamedTuple):
    """One command of the script and what it printed; the last, "console", is what the kernel said of itself."""
    command: str
    facts: list


def number(match):
    """A number keeps its place: the width of its column if it is padded, nothing of its value."""
    blanks = match.group(1)
    return f"<{len(match.group(0))}>" if len(blanks) > 1 else f"{blanks}N"


def mask(line):
    """The line (without time stamp) with everything that varies replaced."""
    if line.startswith("Hardware name: "):
        return "Hardware name: …"
    if CODE.match(line):
        return "Code: 42 bytes, <1>, 21 bytes"
    if REGISTER.match(line):
        return re.sub(r"\b(0x)?[0-9a-f]{4,16}\b", lambda m: "0x…" if m.group(1) else "x" * len(m.group(0)), line)
    line = re.sub(r"(Not tainted|Tainted: [A-Z ]+) .*", r"\1 …", line)
    line = FAULT_GFP.sub("gfp_mask=(a fault's)", line)
    line = line.replace("Cannot allocate memory", "Out of memory")     # glibc's and musl's words for ENOMEM
    line = re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID", line)
    line = re.sub(r"^(  numa_maps: )[0-9a-f]+ ", r"\1ADDRESS ", line)
    line = re.sub(r"(segv|stack)(\[\d+\]:? .*)", lambda m: m.group(1) + re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{4,16}\b", "x", m.group(2)), line)
    line = re.sub(r"\d+\*(\d+kB)(?: \([UMEH]+\))?", r"n*\1", line)
    line = re.sub(r"kworker/\d+:\d+", "kworker/N", line)
    line = re.sub(r"all_unreclaimable\? (yes|no)", "all_unreclaimable? …", line)
    pieces = KEEP.split(line)
    pieces[::2] = [re.sub(r"( *)-?\b\d+(?:\.\d+)?", number, piece) for piece in pieces[::2]]
    return "".join(pieces)


def trace(lines, exact):
    """The functions of a call trace that are compared, outermost last. The i386 kernel had two of them inlined."""
    names = [re.sub(r"\..*|\+0x.*", "", text.strip()) for text in lines if not text.strip().startswith("?")]
    inlined = ("__alloc_pages_slowpath", "asm_exc_page_fault") if exact else ()
    names = [n for n in names if n in FUNCTIONS and n not in inlined]
    # a compiler may cut a function in two (out_of_memory.part.0)
    return " > ".join(n for n, before in zip(names, [""] + names) if n != before)


def task_row(line, out):
    """A line of the OOM report's table, or None. The script's shell, and the helper it is just starting, are one."""
    row = re.match(r"\[ *\d+\] +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ +(-?\d+) (.*)$", line)
    if not row:
        return None
    if row.group(2) == "sleep":
        return ()
    if row.group(2) == "sh" and any(re.match(r"task .* sh$", f.text) for f in out[-12:]):
        return ()
    return Fact(f"task {mask(line[:line.rindex(row.group(1))])} {row.group(1)} {row.group(2)}", line)


def zone_fact(line, out, exact):
    """A line of Mem-Info as a fact; zones that only one of the machines has are one item. None: nothing to compare."""
    if exact:
        return Fact(mask(line), line)
    if line.endswith("pages hwpoisoned") or HUGE.search(line):
        return None
    if ZONE_LINE.match(line):
        fact = Fact(mask(ZONE_LINE.sub(r"ZONE\3", line)))
    elif line.startswith("lowmem_reserve[]: "):
        fact = Fact("lowmem_reserve[]: …")
    else:
        return Fact(mask(line), line)
    return None if fact in out[-4:] else fact


def kernel_facts(lines, exact):
    """Kernel lines (no stamps) as facts. exact: the zones are DMA, Normal, HighMem here and there."""
    out, i = [], 0
    while i < len(lines):
        line = lines[i]
        i += 1
        if line == "Call Trace:":
            start = i
            while i < len(lines) and re.match(r" {1,2}(</?[A-Z]+>|(\? )?[\w.]+\+0x)", lines[i]):
                i += 1
            out.append(Fact("trace " + trace(lines[start:i], exact)))
            continue
        if re.match(r"clocksource: |hrtimer: interrupt took |\.\.MP-BIOS |Kernel Offset: ", line):
            continue    # what the host's own load makes it say
        if exact and re.match(r"(EAX|ESI|DS|EIP|RIP|R[A-Z0-9]{2}|Code): | </TASK>| +\? ", line):
            continue    # a 32-bit processor's registers
        fact = task_row(line, out)
        if fact is None:
            fact = zone_fact(line, out, exact)
        if fact:
            out.append(fact)
    return out


def text_facts(command, lines, close):
    """What a command printed. The value of a setting is a fact as it stands; the numbers of a line that the scenario
    calls close are compared by themselves (compare.py), so their widths are not."""
    setting = re.search(r"cat /proc/(sys|\S+/oom_score_adj)", command)
    out = []
    for line in lines:
        if any(regex.search(line) for _, _, regex in close):
            text = re.sub(r" +", " ", re.sub(r" *" + NUMBER.pattern, "#", line))
        else:
            text = line if setting and re.fullmatch(r"[-\d\s]+", line) else mask(line)
        # One zone's counter stands for all: which zones there are is the machine's affair.
        if m := re.match(r"(allocstall|pgalloc|pgskip)_\w+ ", text):
            text = f"{m.group(1)}_ZONE N"
            if out and out[-1].text == text:
                continue
        out.append(Fact(text, line))
    # How often a trigger goes off, and between which samples, is the load's affair.
    if any(re.match(r"psi_poll:.* revents ", f.text) for f in out):
        out = [min(out, key=lambda f, t=t: f.text != t) for t in sorted({f.text for f in out})]
    # Programs that run at the same time speak in any order.
    if out and all(re.match(r"\w+ N: touched|hold N:", f.text) for f in out):
        out.sort()
    return out


def facts(text, exact, close=()):
    """The console as sections. exact: both machines have the same zones."""
    sections, console = [], []
    command, texts, log, in_log = None, [], [], False

    def end():
        if command is not None:
            logged = [Fact("log " + f.text, f.raw) for f in kernel_facts(log, exact)]
            sections.append(Section(re.sub(r"/proc/\d+", "/proc/N", command), text_facts(command, texts, close) + logged))

    for line in text.splitlines():
        if line.startswith(("# ", "@@ start", "@@ end", "== ")):
            end()
            command, texts, log = line, [], []
            in_log = line.startswith("# dmesg")
        elif STAMP.match(line) and not in_log:
            console.append(STAMP.sub("", line))
        elif in_log and (STAMP.match(line) or (log and line.startswith(" "))):
            log.append(STAMP.sub("", line))
        elif line and command is not None and not re.match(r"alloc \d+m mem$|Killed$", line):
            texts.append(line)
        elif line.startswith("@@ "):
            texts.append(line)
    end()
    return sections + [Section("console", kernel_facts(console, exact))]


# --- rules that hold within one console ---

def points(row, total):
    """oom_badness: pages in memory, in swap and for page tables, and the owner's word. None: not to be killed."""
    _, rss, pgtables, swapents, adj = row
    return None if adj == -1000 else rss + swapents + pgtables // 4096 + adj * (total // 1000)


def broken_rules(text):
    """Reports whose victim was not the one with the most points in its own table."""
    rows, ram, reserved, swap, bad = [], 0, 0, 0, []
    for line in (STAMP.sub("", line) for line in text.splitlines()):
        if m := re.match(r"Total swap = (\d+)kB", line):
            swap = int(m.group(1)) // 4
        elif m := re.match(r"(\d+) pages (RAM|reserved)", line):
            ram, reserved = (int(m.group(1)), reserved) if m.group(2) == "RAM" else (ram, int(m.group(1)))
        elif line.startswith("Tasks state"):
            rows = []
        elif m := re.match(r"\[ *(\d+)\] +\d+ +\d+ +\d+ +(\d+) +(\d+) +(\d+) +(-?\d+) ", line):
            rows.append(tuple(int(n) for n in m.groups()))
        elif "): Killed process " in line or line.startswith("oom-kill:constraint=CONSTRAINT_MEM"):
            rows = []   # who asked, paid; or the total is a group's or a node's
        elif (m := re.match(r"Out of memory: Killed process (\d+) ", line)) and rows:
            scores = {row[0]: points(row, ram - reserved + swap) for row in rows}
            best = max((s for s in scores.values() if s is not None), default=None)
            if scores.get(int(m.group(1))) != best:
                bad.append(f"{line.split(' total-vm')[0]}: {scores.get(int(m.group(1)))} points, the most are {best}")
            rows = []
    return bad
