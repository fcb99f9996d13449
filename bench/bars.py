# SPDX-License-Identifier: Apache-2.0
"""What Varve holds itself to: each bar is a figure of this run, a rival of the same run, and a bound on their ratio."""

import statistics
from typing import NamedTuple

import soundness

median = statistics.median


class Bar(NamedTuple):
    id: str
    what: str
    ours: float | None
    rival: str
    theirs: float | None
    ratio: float | None
    bound: str
    verdict: str  # "met", "missed", "not measured", or "reported" for a figure without a bound
    unit: str


class Results:
    """The figures of one session; None where something was not measured."""

    def __init__(self, facts, results, native):
        self.facts, self.results, self.native = facts, results, native

    def time(self, peer, question, which="wall"):
        runs = [x["questions"][question] for x in self.results.get("read", {}).get(peer, []) if question in x["questions"]]
        if not runs:
            return None
        return 1e3 * (median(x["first"] for x in runs) if which == "first" else median(v for x in runs for v in x[which]))

    def best(self, question, names):
        found = [(t, n) for n in names if (t := self.time(n, question)) is not None]
        return min(found, default=(None, "best peer"))

    def of(self, phase, peer, key):
        found = [x[key] for x in self.results.get(phase, {}).get(peer, [])]
        return median(found) if found else None

    def rate(self, peer, key):
        seconds = self.of("write", peer, key)
        return None if seconds is None else self.facts["raw_bytes"] / 1e6 / seconds


def at_most(id, what, ours, rival, theirs, bound, unit="ms"):
    return judge(id, what, ours, rival, theirs, None if not ours or not theirs else ours / theirs, bound, False, unit)


def faster(id, what, ours, rival, theirs, bound, unit="ms"):
    """How many times less `ours` is."""
    return judge(id, what, ours, rival, theirs, None if not ours or not theirs else theirs / ours, bound, True, unit)


def more(id, what, ours, rival, theirs, bound, unit):
    """How many times more `ours` is."""
    return judge(id, what, ours, rival, theirs, None if not ours or not theirs else ours / theirs, bound, True, unit)


def judge(id, what, ours, rival, theirs, ratio, bound, is_minimum, unit):
    sign = "≥" if is_minimum else "≤"
    if ratio is None:
        verdict = "not measured"
    else:
        verdict = "met" if (ratio >= bound if is_minimum else ratio <= bound) else "missed"
    return Bar(id, what, ours, rival, theirs, ratio, f"{sign} {bound:g}x", verdict, unit)


def limit(id, what, ours, bound, unit):
    verdict = "not measured" if ours is None else "met" if ours <= bound else "missed"
    return Bar(id, what, ours, "", None, None, f"≤ {bound:g} {unit}", verdict, unit)


def report(id, what, ours, rival, theirs, unit):
    ratio = ours / theirs if ours and theirs else None
    return Bar(id, what, ours, rival, theirs, ratio, "reported", "reported" if ours is not None else "not measured", unit)


def judge_all(r):
    """Every bar, in order; `r` is Results of W1."""
    t, n = r.time, r.native
    scans = ["pyarrow", "vortex-mapped", "vortex", "lance", "duckdb-native", "duckdb-parquet", "polars"]
    scan_best, scan_name = r.best("scan_emb", scans)
    scalar_best, scalar_name = r.best("scan_scalars", scans)
    label_best, label_name = r.best("filter_label", scans)
    ts_best, ts_name = r.best("filter_ts", scans)
    floor = n.get("floor", {})
    ours = n.get("varve", {})
    out = []
    for count, duck in ((100, 200), (1000, 50)):
        q = f"take{count}"
        out += [faster("F1", f"take {count} vectors", t("varve", q), "lance", t("lance", q), 5),
                faster("F1", f"take {count} vectors", t("varve", q), "duckdb, same file", t("duckdb-varve", q), duck),
                at_most("F1", f"take {count} vectors, native", ours.get(q), "pread floor", floor.get(q + "_pread"), 1.5)]
    out += [faster("F1", "take 100 rows, six columns", t("varve", "take100_all"), "lance", t("lance", "take100_all"), 2),
            at_most("F2", "scan vectors, one thread", t("varve", "scan_emb"), "mapped Arrow file", t("arrow-file", "scan_emb"), 1.2),
            faster("F2", "scan vectors, native, two threads", ours.get("scan_two_threads"), scan_name, scan_best, 3),
            at_most("F2", "first, verifying scan", t("varve", "scan_emb", "first"), "a later one", t("varve", "scan_emb"), 1.6),
            report("F2", "scan vectors, native, two threads", ours.get("scan_two_threads"), "two-thread floor",
                   floor.get("scan_two_threads"), "ms"),
            faster("F3", "scan two scalar columns", t("varve", "scan_scalars"), scalar_name, scalar_best, 1),
            faster("F4", "filter 0.1 %, return vectors", t("varve", "filter_label"), label_name, label_best, 2),
            faster("F4", "filter 0.1 %, return vectors", t("varve", "filter_label"), "lance", t("lance", "filter_label"), 5),
            faster("F5", "filter 1 % by time, return vectors", t("varve", "filter_ts"), ts_name, ts_best, 5)]
    first = {p: None if (v := r.of("open", p, "first_row")) is None else v * 1e3 for p in ("varve", "lance")}
    out.append(at_most("F6", "open and first row, fresh process", first["varve"], "lance", first["lance"], 0.5))
    writers = [(v, p) for p in ("pyarrow", "lance", "polars", "vortex", "duckdb-native") if (v := r.rate(p, "cpu")) is not None]
    cpu_best, cpu_name = max(writers, default=(None, "best peer"))
    out += [more("F7", "write to a synced commit, MB per CPU second", r.rate("varve", "cpu"), cpu_name, cpu_best, 1, "MB/s"),
            more("F7", "write to a synced commit, MB/s", r.rate("varve", "wall"), "lance", r.rate("lance", "wall"), 1.4, "MB/s")]
    memory = {p: None if (v := r.of("write_memory", p, "peak_over_start")) is None else v / 1e6 for p in ("varve", "lance")}
    size = {p: None if (v := r.of("write", p, "bytes")) is None else v / 1e6
            for p in ("varve", "lance", "varve-compact", "vortex-compact")}
    out += [at_most("F7", "peak memory while writing", memory["varve"], "lance", memory["lance"], 1, "MB"),
            at_most("F8", "size on disk", size["varve"], "lance", size["lance"], 1, "MB"),
            at_most("F8", "size on disk, compact", size["varve-compact"], "vortex-compact", size["vortex-compact"], 1.02, "MB")]

    def append(peer):  # seconds for 1,000 appends are milliseconds for one
        return r.of("append", peer, "wall")

    metadata = r.of("append", "varve-unsynced", "metadata_bytes")
    sync = n.get("sync_ms")
    out += [at_most("F9", "1,000 appends of 10 rows, no syncs", append("varve-unsynced"), "lance", append("lance"), 1, "s"),
            report("F9", "one synced append of 10 rows", append("varve"), "one file sync", sync, "ms"),
            limit("F9", "metadata of 1,000 appends", None if metadata is None else metadata / 1e6, 3.6, "MB")]
    commits = {p: (x["committed"] / x["wall"], x) for p in ("varve-unsynced", "varve", "lance")
               if (v := r.results.get("writers", {}).get(p)) for x in v[:1]}
    x = commits.get("varve-unsynced", (None, None))[1]
    complete = None if x is None else x["committed"] if x["rows"] == x["distinct"] == 10 * x["committed"] else -1
    out += [Bar("F10", "16 writers, commits acknowledged, none lost or doubled", complete, "asked", x and x["asked"],
                None, "all", "not measured" if x is None else "met" if complete == x["asked"] else "missed", ""),
            more("F10", "16 writers, commits per second, no syncs", commits.get("varve-unsynced", (None,))[0], "lance",
                 commits.get("lance", (None,))[0], 2, "/s"),
            report("F10", "16 writers, commits per second, synced", commits.get("varve", (None,))[0], "lance, no syncs",
                   commits.get("lance", (None,))[0], "/s")]
    return out


def none_of(id, what, count, is_complete=True):
    """Something that must not happen; `count` is None where nobody looked."""
    verdict = "not measured" if count is None else "met" if count == 0 and is_complete else "missed"
    return Bar(id, what, count, "", None, None, "none", verdict, "")


def judge_soundness(found):
    """Every bar of F11 to F14, in order; `found` is soundness.measure's."""

    def of(id, key, factor=1):
        value = found.get(id, {}).get(key)
        return None if value is None else value * factor

    def bad(id, key):
        """How often `key`; a crash is one more."""
        x = found.get(id, {})
        return None if "crashed" not in x else x.get(key, 0) + (x["crashed"] != "")

    flips, kills, files = of("f11", "flips"), of("f12", "kills"), of("f13", "files")
    hostile = found.get("f13", {})
    unsound = None if files is None else len(hostile["bad"]) + (hostile["crashed"] != "")
    all_flips, all_kills = flips == soundness.FLIPS, kills == soundness.KILLS
    out = [none_of("F11", f"{flips or 0:,} flipped bits: wrong values, crashes", bad("f11", "wrong"), all_flips),
           none_of("F11", f"{flips or 0:,} flipped bits: not found by deep verification", of("f11", "undetected"), all_flips),
           none_of("F12", f"killed {kills or 0:,} times while appending: lost, torn or wrong", bad("f12", "wrong"), all_kills),
           limit("F12", "slowest reopening after a kill", of("f12", "slowest_open_ms"), 1000, "ms"),
           none_of("F13", f"{files or 0:,} hostile files: crashes, hangs, unclear errors, wrong values", unsound),
           limit("F13", "slowest hostile file, process included", of("f13", "slowest_seconds", 1e3), 2000, "ms"),
           limit("F13", "most memory for a hostile file, process included", of("f13", "peak_bytes", 1 / 2**20), 256, "MiB"),
           limit("F14", "the last full run of .ci/run", of("f14", "minutes"), 40, "minutes")]
    return [b for b in out if b.id.lower() in found]
