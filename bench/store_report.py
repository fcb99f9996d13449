# SPDX-License-Identifier: Apache-2.0
"""Object stores on the page: the bars, what each system asked of a store, and what the programs said."""

import statistics

import report
from stores import request_counts

median = statistics.median
NAMES = {"open": "open", "take1+0": "first vector", "take1+1": "next vector", "take100": "take 100", "take1000": "take 1,000",
         "scan_scalars": "two scalars", "filter_label": "filter 0.1 %", "filter_ts": "filter 1 %", "scan_emb": "scan vectors",
         "append_first": "first append", "append": "append"}


def size(count):
    return f"{count:,} B" if count < 10_000 else f"{report.number(count / 1e3)} KB" if count < 1e6 else f"{report.number(count / 1e6)} MB"


def cell(runs, step):
    found = [run[step] for run in runs if step in run]
    if not found:
        return ""
    x = max(found, key=lambda x: x["requests"])
    kinds = ", ".join(f"{n} {kind}" for kind, n in x["kinds"].items()) or "none"
    moved = [size(x["down"])] * bool(x["down"]) + [size(x["up"]) + " up"] * bool(x["up"])
    return "; ".join([", ".join([kinds, *moved]), f"chain {max(y['chain'] for y in found)}",
                      f"{report.number(1e3 * median(y['wall'] for y in found))} ms"])


def requests(counts):
    """One column a timed system; then Varve's other runs, by step."""
    timed = [n for n in counts["steps"] if request_counts.VARIANTS[n].is_timed]
    steps = [s for s in NAMES if any(s in run for n in timed for run in counts["steps"][n])]
    text = [report.markdown(["step", *timed], [[NAMES[s], *(cell(counts["steps"][n], s) for n in timed)] for s in steps])]
    others = [n for n in counts["steps"] if n not in timed]
    rows = [[n, "; ".join(f"{NAMES[s]}: {x['requests']}, {size(x['down'] + x['up'])}, chain {x['chain']}" for s, x in run.items())]
            for n in others for run in counts["steps"][n]]
    if rows:
        text.append("Other runs of Varve's: requests, bytes, chain.\n\n" + report.markdown(["run", "steps"], rows))
    text.append(f"The store itself answers {counts['ceiling']:,.0f} GETs a second.\n")
    return "\n".join(text)


def programs(found):
    lines = [f"* {name.upper()} was not measured: {' '.join(x['why'].split())}." for name, x in found.items() if x.get("why")]
    good = {name: x for name, x in found.items() if not x.get("why")}
    if x := good.get("s1"):
        lines.append(f"* S1: {x['asked']:,} appends, a process each, 16 at a time, on VersityGW. {x['commits']:,} versions were told, the table "
                     f"has {x['rows']:,} rows, {x['distinct']:,} of them distinct.")
    if x := good.get("s2"):
        lines.append(f"* S2: {x['runs']:,} commits at 6 points in 3 dialects, where a request or an answer is lost or late. {x['wrong']} "
                     f"were told wrongly; {x['unknown']:,} were told to be unknown, all where reads failed up to the deadline. "
                     f"{x['tables']} tests of whole tables behind such a network: {x['failed']} failed.")
    if x := good.get("s3"):
        lines.append(f"* S3: {x['operations']} operations under {x['faults']} faults, once, always, and without retries: {x['cells']:,} cells, "
                     f"{x['wrong']} not as specified. Latest return: {x['latest_ms']} ms after its deadline.")
    if x := good.get("s11"):
        lines.append(f"* S11: {x['reads']:,} reads, of which {x['faults']:,} tries failed on the way.")
    if x := good.get("s10"):
        lines += [f"* S10, {what}: rounds of {', '.join(report.number(y) for y in x[what]['seconds'])} s, raw "
                  f"{', '.join(report.number(y) for y in x[what]['raw_seconds'])} s." for what in ("upload", "read", "scan") if what in x]
    return "\n".join(lines) + "\n" if lines else ""


def section(found, judged, facts):
    text = ["## Object stores\n", report.markdown(report.HEAD, report.rows_of_bars(judged))]
    if found.get("counts"):
        text.append(f"### Requests\n\nW1, {facts['rows']:,} rows, in an S3 on this machine that answers each request after "
                    f"{1e3 * request_counts.DELAY_S:.0f} ms. A run is one process that does the steps in this order, and may use what earlier "
                    "steps cached. *Chain*: the most requests strictly one after another, also those that waited for their turn; the runs "
                    "called *dependent* and *alone* have two seconds for an answer and no limit of requests under way, and so count those "
                    "that depend on each other. *First append* has Varve's probe of the store. Times are medians.\n\n" + requests(found["counts"]))
    if found.get("programs"):
        text.append("### Faults and throughput\n\n" + programs(found["programs"]))
    return "\n".join(text)
