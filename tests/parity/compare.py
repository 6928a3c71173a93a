"""Two consoles held against each other, and the differences against what docs/CAVEATS.md explains."""

import difflib
import fnmatch
import re
from typing import NamedTuple

from facts import NUMBER, broken_rules, facts
from scenario import HERE, ROOT


class Explanation(NamedTuple):
    key: str            # stands in docs/CAVEATS.md as [key]
    scenarios: str      # a pattern of names
    regex: re.Pattern   # matches the line of the difference: "-" Linux's fact, "+" Brink's


class Result(NamedTuple):
    name: str
    agree: int
    explained: list     # (key, line)
    unexplained: list   # lines


def explanations():
    """tests/parity/explained.txt: KEY SCENARIOS REGEX. A key that docs/CAVEATS.md does not name is an error."""
    caveats = (ROOT / "docs/CAVEATS.md").read_text()
    out = []
    for n, line in enumerate((HERE / "explained.txt").read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        key, scenarios, regex = line.split(None, 2)
        if f"[{key}]" not in caveats:
            raise SystemExit(f"explained.txt:{n}: docs/CAVEATS.md has no [{key}]")
        out.append(Explanation(key, scenarios, re.compile(regex)))
    return out


def far(ours, theirs, close):
    """Do two lines with one text differ in a number by more than the scenario allows?"""
    for percent, slack, regex in close:
        matches = regex.search(ours), regex.search(theirs)
        if not matches[1]:
            continue
        a, b = ([float(n) for n in NUMBER.findall(m.group(0))] if m else [] for m in matches)
        if len(a) != len(b) or any(abs(x - y) > max(abs(y) * percent / 100, slack) for x, y in zip(a, b)):
            return True
    return False


def differences(ours, theirs, close):
    """(how many facts agree, the lines that do not: "-" Linux's, "+" Brink's)."""
    agree, lines = 0, []
    matcher = difflib.SequenceMatcher(None, [f.text for f in theirs], [f.text for f in ours], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            lines += ["-" + f.text for f in theirs[a:b]] + ["+" + f.text for f in ours[c:d]]
            continue
        for their, our in zip(theirs[a:b], ours[c:d]):
            if their.raw and far(our.raw, their.raw, close):
                lines += ["-" + their.raw, "+" + our.raw]
            else:
                agree += 1
    return agree, lines


def compare(scenario, our_text, their_text):
    """The Result of one scenario."""
    known = [e for e in explanations() if fnmatch.fnmatch(scenario.name, e.scenarios)]
    ours, theirs = (facts(text, scenario.i386, scenario.close) for text in (our_text, their_text))
    if "reaper" not in scenario.name:   # elsewhere it is a matter of speed whether a victim is gone within 2 seconds
        for section in ours + theirs:
            section.facts[:] = [f for f in section.facts if "oom_reaper: reaped " not in f.text]
    agree, explained, unexplained = 0, [], []
    matcher = difflib.SequenceMatcher(None, [s.command for s in theirs], [s.command for s in ours], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pairs = list(zip(theirs[a:b], ours[c:d]))
        else:
            pairs = [(s, None) for s in theirs[a:b]] + [(None, s) for s in ours[c:d]]
        for their, our in pairs:
            command = (their or our).command
            if not (their and our):
                lines = [("-" if their else "+") + command]
            else:
                n, lines = differences(our.facts, their.facts, scenario.close)
                agree += n + 1
            for line in lines:
                key = next((e.key for e in known if e.regex.search(line) or e.regex.search(f"{command}\t{line}")), None)
                if key:
                    explained.append((key, line))
                else:
                    unexplained.append(f"{command[:60]}: {line}")
    # Where Linux itself does not take the one with the most points (swapoff offers itself), there is no such rule.
    rules = [] if broken_rules(their_text) else broken_rules(our_text)
    return Result(scenario.name, agree, explained, unexplained + rules)
