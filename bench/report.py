# SPDX-License-Identifier: Apache-2.0
"""Results as text and as Markdown."""

import os
import platform
import re
import statistics

median = statistics.median


def number(x):
    if x is None:
        return "-"
    if isinstance(x, int) or abs(x) >= 1000:
        return f"{x:,.0f}"
    return f"{x:.0f}" if abs(x) >= 100 else f"{x:.1f}" if abs(x) >= 10 else f"{x:.2f}"


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = int(open("/proc/meminfo").readline().split()[1]) // 2**20
    return f"{os.cpu_count()} cores ({cpu}), {memory} GiB, {platform.system()} {platform.release()}"


def rows_of_bars(judged):
    for b in judged:
        theirs = "" if b.theirs is None else f"{number(b.theirs)} {b.unit}"
        ratio = "" if b.ratio is None else f"{number(b.ratio)}x"
        yield b.id, b.what, "-" if b.ours is None else f"{number(b.ours)} {b.unit}".strip(), b.rival, theirs, ratio, b.bound, b.verdict


HEAD = ("bar", "what", "varve", "rival", "theirs", "ratio", "bound", "verdict")


def bars_as_text(judged):
    table = [HEAD, *rows_of_bars(judged)]
    widths = [max(len(row[i]) for row in table) for i in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table)


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def reads(results):
    questions = list(dict.fromkeys(q for runs in results.get("read", {}).values() for x in runs for q in x["questions"]))
    rows = []
    for peer, runs in results.get("read", {}).items():
        cells = []
        for q in questions:
            walls = [v for x in runs if q in x["questions"] for v in x["questions"][q]["wall"]]
            cells.append(f"{number(1e3 * median(walls))} ({number(1e3 * min(walls))})" if walls else "")
        rows.append([peer, *cells, f"{median(x['foreign'] for x in runs):.2f}"])
    return markdown(["peer", *questions, "foreign"], rows)


def writes(facts, results):
    raw = facts["raw_bytes"] / 1e6
    rows = []
    for peer, runs in results.get("write", {}).items():
        wall, cpu = median(x["wall"] for x in runs), median(x["cpu"] for x in runs)
        memory = results.get("write_memory", {}).get(peer)
        rows.append([peer, len(runs), number(raw / wall), number(raw / cpu),
                     number(memory[0]["peak_over_start"] / 1e6) if memory else "", number(runs[-1]["bytes"] / 1e6), runs[-1]["files"]])
    return markdown(["peer", "runs", "MB/s", "MB per CPU second", "peak memory, MB", "size, MB", "files"], rows)


def commits(results):
    rows = [[p, number(x["wall"]), number(1e3 * x["first50"]), number(1e3 * x["last50"]), number(x["metadata_bytes"] / 1e6),
             number(x["data_bytes"] / 1e6)] for p, runs in results.get("append", {}).items() for x in runs]
    writers = [[p, f"{x['committed']} of {x['asked']}", number(x["rows"]), number(x["distinct"]), number(x["committed"] / x["wall"]),
                "; ".join(f"{n}x {why[:60]}" for why, n in x["refused"].items()) or "none"]
               for p, runs in results.get("writers", {}).items() for x in runs]
    out = ""
    if rows:
        out += "1,000 appends of 10 rows:\n\n" + markdown(["peer", "total, s", "first 50, ms", "last 50, ms", "metadata, MB", "data, MB"], rows)
    if writers:
        out += "\n16 processes, 50 appends each:\n\n" + markdown(["peer", "committed", "rows", "distinct", "commits/s", "refused"], writers)
    return out


# What stands behind this line of the page was written by hand, and stays.
BY_HAND = "<!-- by hand from here on; `make bench` keeps it -->"


def kept(path):
    """What was written by hand on the page at `path`."""
    if not os.path.exists(path):
        return ""
    with open(path) as f:
        _, mark, rest = f.read().partition(BY_HAND)
    return "\n" + mark + rest if mark else ""


def names(files):
    """Fuzzers' names without what they all share."""
    return ", ".join(f"`{re.sub('^clusterfuzz-testcase-(minimized-)?(parquet-arrow-)?', '', f)}`" for f in files) or "none"


def soundness(found):
    """What the programs of F11 to F14 reported."""
    lines = []
    for name, x in found.items():
        if "why" in x:
            lines.append(f"* {name.upper()} was not measured: {x['why']}.")
        elif x.get("crashed"):
            lines.append(f"* {name.upper()}: the program crashed ({x['crashed']}).")
    f11, f12, f13 = ({} if x.get("crashed") else x for x in (found.get(k, {}) for k in ("f11", "f12", "f13")))
    if "flips" in f11:
        lines.append(f"* F11: {f11['flips']:,} bits flipped, one at a time, anywhere in the files and manifests of a table of three "
                     f"versions. {f11['errors']:,} times a read gave an error, {f11['wrong']:,} times a wrong value, otherwise "
                     f"every value was right; deep verification missed {f11['undetected']:,}.")
    if "kills" in f12:
        lines.append(f"* F12: a process that appends was killed {f12['kills']:,} times; {f12['wrong']:,} times the table was not at "
                     f"the old or the new version with every value right. Slowest reopening: {number(f12['slowest_open_ms'])} ms.")
    if "files" in f13:
        lines.append(f"* F13: of {f13['files']:,} hostile and damaged files {f13['errors']:,} gave an error and {f13['values']:,} "
                     f"values, of which {f13['same_as_pyarrow']:,} are read by pyarrow too, with the same values. Crashes, hangs, "
                     f"unclear errors, wrong values: {names(f13['bad'])}. Read by Varve alone: {names(f13['only_varve_reads'])}. Read "
                     f"by pyarrow alone: {names(f13['only_pyarrow_reads'])}. Slowest: {names([f13['slowest_file']])}; most memory: "
                     f"{names([f13['largest_file']])}.")
    return "\n".join(lines) + "\n"


def errors(found):
    return "Not measured, and why:\n\n" + markdown(["peer", "what", "why"],
                                                   [[p, q, e.replace("\n", " ").replace("|", "/")] for p, q, e in found])


def page(out, judged):
    import store_report  # which needs this one
    local, remote, formats = ([b for b in judged if b.id[0] == kind] for kind in "FSW")
    text = ["# Benchmarks\n", f"Made by `make bench` on {out['machine']}, {out['started']} UTC, in {out['seconds']} s.\n",
            "Every system stores the same rows and is asked the same questions in the same run. Every answer is compared with the "
            "right one, computed from the source, before its time counts; the consumer reads every word it is handed, inside the "
            "timed region. Takes ask for fresh rows in every repetition. Figures are medians over fresh processes, in rotating "
            "order, with a warm page cache and every system's default threads. Varve is called through Python unless a line says "
            "native, with checksums verified; *foreign* is the share of the machine that others used meanwhile. Single "
            "figures below 1 ms vary up to twofold from run to run, and ratios below 1.5x are within what two runs may differ by.\n",
            "## What Varve holds itself to\n", markdown(HEAD, rows_of_bars(local))]
    if out.get("soundness"):
        text.append("## Damage and crashes\n\n" + soundness(out["soundness"]))
    for name, w in out["workloads"].items():
        facts = w["facts"]
        text.append(f"## {name.upper()}: {facts['rows']:,} rows of {facts['dim']} dimensions, {facts['raw_bytes'] / 1e6:,.0f} MB\n")
        text.append(f"SHA-256 of the vectors: `{facts['sha256_emb']}`. Versions: "
                    + ", ".join(f"{p} {v}" for p, v in sorted(w["versions"].items()) if v) + ".\n")
        if w["results"].get("read"):
            text.append("Reads, ms: median (minimum).\n\n" + reads(w["results"]))
        if w["native"]:
            text.append("Without Python, ms: " + "; ".join(
                f"{k}: " + ", ".join(f"{q} {number(v)}" for q, v in x.items()) if isinstance(x, dict) else f"{k} {number(x)}"
                for k, x in w["native"].items()) + ".\n")
        if w["results"].get("open"):
            text.append("Open and first row, fresh process, library imported:\n\n" + markdown(
                ["peer", "open, ms", "with first row, ms"],
                [[p, number(1e3 * median(x["open"] for x in runs)), number(1e3 * median(x["first_row"] for x in runs))]
                 for p, runs in w["results"]["open"].items()]))
        if w["results"].get("write"):
            text.append("Writes to synced files:\n\n" + writes(facts, w["results"]))
        if w["results"].get("append") or w["results"].get("writers"):
            text.append(commits(w["results"]))
        if w["errors"]:
            text.append(errors(w["errors"]))
    if out.get("stores"):
        text.append(store_report.section(out["stores"], remote, out["stores"]["facts"]))
        if out["stores"]["errors"]:
            text.append(errors(out["stores"]["errors"]))
    if out.get("write_path"):
        text.append("## Milvus' formats\n\n" + markdown(HEAD, rows_of_bars(formats)))
        text += [f"* {name.upper()} was not measured: {' '.join(x['why'].split())}.\n" for name, x in out["write_path"].items() if x.get("why")]
    return "\n".join(text)
