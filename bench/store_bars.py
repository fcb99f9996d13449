# SPDX-License-Identifier: Apache-2.0
"""What Varve holds itself to on object stores, S1 to S13: as in bars.py, of what stores.programs and stores.request_counts found."""

import statistics

from bars import Bar, at_most, more, none_of, report

REQUESTS = {"s5", "s6", "s7", "s8", "s9"}
PROGRAMS = {"s1", "s2", "s3", "s4", "s10", "s11", "s12", "s13"}
ALL = REQUESTS | PROGRAMS
OPENED = ("open", "take1+0")  # what a cold open and the first vector are
VECTOR_BYTES = 768 * 4
BESIDE_BYTES = 16 << 10
PUTS_MAX = 2  # of an append: rows, manifest
ALONE = "varve, {} alone"


def limit(id, what, ours, bound, unit="", is_minimum=False):
    good = ours is not None and (ours >= bound if is_minimum else ours <= bound)
    verdict = "not measured" if ours is None else "met" if good else "missed"
    return Bar(id, what, ours, "", None, None, f"{'≥' if is_minimum else '≤'} {bound:g} {unit}".strip(), verdict, unit)


class Counts:
    """Of request_counts.measure. None where something was not measured."""

    def __init__(self, found):
        self.steps = (found or {}).get("steps", {})

    def of(self, variant, steps, key, pick=max):
        """The sum over `steps`, of the worst run."""
        steps = (steps,) if isinstance(steps, str) else steps
        runs = [sum(run[s][key] for s in steps) for run in self.steps.get(variant, []) if all(s in run for s in steps)]
        return pick(runs) if runs else None

    def ms(self, variant, steps):
        seconds = self.of(variant, steps, "wall", statistics.median)
        return None if seconds is None else 1e3 * seconds

    def worst(self, step, key, *variants):
        """With what earlier steps cached, and in a process of its own."""
        found = [self.of(v, step, key) for v in variants or ("varve", ALONE.format(step))]
        return None if None in found else max(found)

    def waves(self, step, alone=True):
        """Requests that depend on each other."""
        return self.worst(step, "chain", "varve, dependent", *([ALONE.format(step)] if alone else []))

    def kinds(self, variant, step, *names):
        runs = [run[step]["kinds"] for run in self.steps.get(variant, []) if step in run]
        return max((sum(kinds.get(n, 0) for n in names) for kinds in runs), default=None)


def judge_requests(c, wanted):
    out = []

    def sum_of(*numbers):
        return None if None in numbers else sum(numbers)

    if "s5" in wanted:
        # Of 1,001 versions, the newest needs as many manifests as any: 5 (docs/format/manifest.md).
        down = c.of("varve", OPENED, "down")
        appended = "varve, after 1,000 appends"
        beside = None if down is None else (down - VECTOR_BYTES) / 1024
        what = "cold open and first vector"
        out += [limit("S5", what + ": requests", c.of("varve", OPENED, "requests"), 4),
                limit("S5", what + ": chain", c.of("varve, dependent", OPENED, "chain"), 3),
                limit("S5", what + ": bytes beside the vector", beside, BESIDE_BYTES / 1024, "KiB"),
                at_most("S5", what, c.ms("varve", OPENED), "lance", c.ms("lance", OPENED), 0.8),
                limit("S5", "the same after 1,000 appends: chain", c.of(appended, OPENED, "chain"), 3),
                limit("S5", "the same after 1,000 appends: manifests read, beside the listing", c.of(appended, OPENED, "manifests"), 5),
                report("S5", "the same after 1,000 appends: all requests", c.of(appended, OPENED, "requests"), "lance, without appends",
                       c.of("lance", OPENED, "requests"), "")]
    for count, bound in ((100, 0.6), (1000, 0.75)) if "s6" in wanted else ():
        q, payload = f"take{count}", count * VECTOR_BYTES
        what = f"take {count:,} vectors"
        out += [limit("S6", what + ": waves after the open", c.waves(q), 1),
                limit("S6", what + ": requests, cold, verified", c.worst(q, "requests"), 2 * count)]
        for variant, how in (("varve, checksums cached", "checksums cached"), ("varve, not verified", "not verified")):
            down = c.of(variant, q, "down")
            out += [limit("S6", f"{what}: requests, {how}", c.of(variant, q, "requests"), count),
                    limit("S6", f"{what}: bytes, {how}", None if down is None else down / payload, 1.1, "x payload")]
        out.append(at_most("S6", what + ", verified", c.ms("varve", q), "lance", c.ms("lance", q), bound))
    if "s7" in wanted:
        q = "filter_label"
        out += [limit("S7", "filter 0.1 %, return vectors: chain", c.waves(q), 3),
                at_most("S7", "filter 0.1 %, return vectors: requests", c.worst(q, "requests"), "lance", c.of("lance", q, "requests"), 1, ""),
                report("S7", "filter 0.1 %, return vectors", c.ms("varve", q), "lance", c.ms("lance", q), "ms")]
    if "s8" in wanted:
        q = "scan_scalars"
        out += [limit("S8", "scan two scalar columns: requests", c.worst(q, "requests"), 2),
                limit("S8", "scan two scalar columns: chain after the open", c.waves(q), 1),
                report("S8", "scan two scalar columns", c.ms("varve", q), "lance", c.ms("lance", q), "ms")]
    if "s9" in wanted:
        q = "append"
        others = sum_of(c.of("varve", q, "requests"), None if (puts := c.kinds("varve", q, "PUT")) is None else -puts)
        first, second = c.of("varve", "append_first", "requests"), c.of("varve", q, "requests")
        out += [limit("S9", "append 10 rows, version known: PUTs", puts, PUTS_MAX),
                limit("S9", "append 10 rows, version known: lists and other requests", others, 0),
                limit("S9", "append 10 rows, version known: chain", c.waves(q, alone=False), 2),
                report("S9", "append 10 rows, version known", c.ms("varve", q), "lance", c.ms("lance", q), "ms"),
                report("S9", "the probe before a process's first append: requests", sum_of(first, None if second is None else -second), "",
                       None, "")]
    return out


def judge_programs(found):
    def of(id, key):
        x = found.get(id, {})
        return None if x.get("why") else x.get(key)

    def bad(id, *keys):
        """A test that failed is at least one."""
        values = [of(id, key) for key in keys]
        return None if None in values else max([*values, of(id, "failed") or 0])

    out = []
    if "s1" in found:
        asked, counts = of("s1", "asked"), [of("s1", k) for k in ("commits", "rows", "distinct")]
        whole = asked is not None and of("s1", "failed") == 0 and counts == [asked] * 3
        verdict = "not measured" if asked is None else "met" if whole else "missed"
        out.append(Bar("S1", "16 processes, commits on a real S3 server, none lost or doubled", counts[0], "asked", asked, None, "all",
                       verdict, ""))
    if "s2" in found:
        runs = of("s2", "runs") or 0
        out += [none_of("S2", f"{runs:,} commits that lose an answer: wrong verdicts", bad("s2", "wrong"), runs == of("s2", "asked"))]
    if "s3" in found:
        operations, faults = of("s3", "operations") or 0, of("s3", "faults") or 0
        out += [none_of("S3", f"{operations} operations x {faults} faults: not as specified", bad("s3", "wrong"),
                        operations >= 12 and faults >= 18),
                limit("S3", "latest return after a deadline", of("s3", "latest_ms"), 500, "ms")]
    if "s4" in found:
        out += [limit("S4", "10 % random failures: requests that succeed", of("s4", "success"), 99.99, "%", is_minimum=True),
                limit("S4", "10 % random failures: requests sent for one asked for", of("s4", "load"), 1.15, "x"),
                limit("S4", "nothing but 503 for 60 s: retries, of the budget", of("s4", "outage"), 1.2, "x")]
    if "s10" in found:
        for what, name, rival in (("upload", "upload of an object", "raw multipart upload"), ("read", "read of an object", "raw ranged reads"),
                                  ("scan", "scan of a table's vectors, verified", "raw ranged reads")):
            x = of("s10", what) or {}
            out.append(more("S10", name, x.get("ours"), rival, x.get("raw"), 0.8, "MB/s"))
    if "s11" in found:
        out += [none_of("S11", "2,000 reads at once, throttled, 5 % faults: failed", of("s11", "failed"), of("s11", "reads") == 2000),
                limit("S11", "threads of the reader", of("s11", "threads"), 8),
                limit("S11", "memory beside the buffers", None if (kib := of("s11", "kib")) is None else kib / 1024, 64, "MiB")]
    if "s12" in found:
        points = of("s12", "points") or 0
        out.append(none_of("S12", f"{of('s12', 'interrupted') or 0} uploads interrupted at {points} points, {points} by SIGKILL: not clean, "
                                  "or parts sent twice", of("s12", "failed"), points >= 20))
    if "s13" in found:
        out.append(none_of("S13", f"{of('s13', 'cells') or 0:,} cells of the matrix and {of('s13', 'kinds') or 0} kinds of credentials: secrets told",
                           of("s13", "told"), (of("s13", "kinds") or 0) > 0 and (of("s13", "commands") or 0) > 0))
    return out


def judge_all(found, wanted):
    """Every bar, in order."""
    judged = judge_requests(Counts(found.get("counts")), wanted) + judge_programs(found.get("programs", {}))
    return sorted(judged, key=lambda b: int(b.id[1:]))
