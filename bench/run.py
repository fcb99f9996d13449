# SPDX-License-Identifier: Apache-2.0
"""Varve beside its peers, on the same bytes in the same run. Prints every bar with its figure, its rival and the verdict.

  bench/run.py                      quick: 200,000 rows of W1, 500,000 of W2
  bench/run.py --full               1,000,000 and 5,000,000
  bench/run.py --only f1,f9 --peers varve,lance
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)
import bars  # noqa: E402
import readme  # noqa: E402
import report  # noqa: E402
import soundness  # noqa: E402
import store_bars  # noqa: E402
import workload  # noqa: E402
import write_path.programs  # noqa: E402
import write_path_bars  # noqa: E402
from session import DATA_OF, Session, known_peers  # noqa: E402
from stores import programs, request_counts  # noqa: E402

TAKES = ["take1", "take100", "take1000", "take100_all"]
# Which questions each bar needs, and of which peers; slow readers are asked only what they are quoted for.
QUESTIONS = {
    "f1": {p: TAKES for p in ("varve", "lance", "vortex-mapped", "duckdb-native", "floor-pread", "floor-mapped")}
    | {"duckdb-varve": ["take100", "take1000"]},
    "f2": {p: ["scan_emb"] for p in ("varve", "lance", "vortex-mapped", "duckdb-native", "duckdb-parquet", "pyarrow", "polars",
                                     "arrow-file", "floor-mapped")},
    "f3": {p: ["scan_scalars"] for p in ("varve", "lance", "vortex-mapped", "vortex", "duckdb-native", "duckdb-parquet",
                                         "pyarrow", "polars", "floor-mapped")},
    "f4": {p: ["filter_label"] for p in ("varve", "lance", "vortex-mapped", "duckdb-native", "duckdb-parquet", "floor-mapped")},
    "f5": {p: ["filter_ts"] for p in ("varve", "lance", "vortex-mapped", "duckdb-native", "duckdb-parquet", "pyarrow",
                                      "floor-mapped")},
}
W1_BARS = {f"f{i}" for i in range(1, 11)}
SOUNDNESS_BARS = {"f11", "f12", "f13", "f14"}
W2_TAKES, W2_SCANS = ["take100", "take1000"], ["scan_emb", "scan_scalars"]
# Readers of Parquet that decode a row group for each row are asked for scans only, as for W1.
W2_QUESTIONS = ({p: W2_TAKES + W2_SCANS for p in ("varve", "lance", "vortex", "vortex-mapped", "duckdb-native", "pyarrow",
                                                 "floor-pread", "floor-mapped")}
                | {p: W2_SCANS for p in ("duckdb-parquet", "polars", "arrow-file")})


def only(names, chosen):
    return [n for n in names if not chosen or n in chosen]


def native_figures(session, build, names):
    out = {}
    floor, ours = f"{build}/bench/native_floor", f"{build}/bench/native_varve"
    if not os.path.exists(floor):
        print(f"  no native benchmarks under {build}: build them with `cmake --preset bench && ninja -C build-bench`", flush=True)
        return out
    commands = {"floor": [floor, session.source + "/emb.npy", str(session.rows), str(workload.DIM[session.name])]}
    if "varve" in names:
        commands["varve"] = [ours, session.data("varve")]
    runs, answers = {name: [] for name in commands}, None
    for _ in range(3):
        for name, command in commands.items():
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode == 0:
                # The floor comes first, and its scan is checked against the source.
                answers = answers or done.stderr
                scan = int(answers.split()[-1], 16)
                if done.stderr != answers or scan != session.right["scan_emb"][str(workload.WARM)][1]:
                    done.returncode, done.stderr = 1, "wrong answer: " + done.stderr
            if done.returncode == 0:
                runs[name].append(json.loads(done.stdout))
            else:
                session.errors.append([name, "native", done.stderr.strip()[-300:]])
                print(f"  !! native {name}: {done.stderr.strip()[-300:]}", flush=True)
    for name, found in runs.items():
        if found:
            out[name] = {k: statistics.median(x[k] for x in found) for k in found[0]}
            print(f"  native {name:8s}", " ".join(f"{k}={v:.3f}ms" for k, v in out[name].items()), flush=True)
    return out


def sync_milliseconds(folder):
    """What one synced write of 4 KiB costs here: the median of 50."""
    times, path = [], folder + "/sync"
    with open(path, "wb", buffering=0) as f:
        for _ in range(50):
            start = time.perf_counter()
            f.write(b"x" * 4096)
            os.fsync(f.fileno())
            times.append(time.perf_counter() - start)
    os.unlink(path)
    return 1e3 * statistics.median(times)


def run_w1(session, o):
    wanted, chosen = o.only, o.peers
    plan = {}
    for bar in ("f1", "f2", "f3", "f4", "f5"):
        if bar in wanted:
            for peer, questions in QUESTIONS[bar].items():
                if not chosen or peer in chosen:
                    plan.setdefault(peer, []).extend(q for q in questions if q not in plan.get(peer, []))
    native = {}
    if wanted & {"f7", "f8"}:
        session.write(only(["varve", "lance", "pyarrow"], chosen), o.rounds + 2)
        session.write(only(["vortex", "duckdb-native", "polars", "varve-compact", "vortex-compact"], chosen), 1)
    if "f7" in wanted:
        session.write_memory(only(["varve", "lance"], chosen))
    opened = only(["varve", "lance", "vortex-mapped", "pyarrow"], chosen) if "f6" in wanted else []
    session.ensure_data([*plan, *opened])
    session.read(plan, o.rounds, o.seconds)
    session.open(opened, 7)
    if wanted & {"f1", "f2"}:
        native = native_figures(session, o.native, plan)
    if "f9" in wanted:
        session.append(only(["varve-unsynced", "varve", "lance", "duckdb-native"] + (["deltalake"] if o.full else []), chosen), 1000)
        native["sync_ms"] = sync_milliseconds(session.folder)
    if "f10" in wanted:
        session.writers(only(["varve-unsynced", "varve", "lance"] + (["deltalake"] if o.full else []), chosen), 16, 50)
    return native


def run_w2(session, o):
    names = only(W2_QUESTIONS, o.peers)
    session.write([p for p in names if p not in DATA_OF and not p.startswith("floor")], 1)
    session.ensure_data(names)
    session.read({p: W2_QUESTIONS[p] for p in names}, o.rounds, o.seconds)


def run_stores(wanted, session, o):
    """What was found, and the facts of W1."""
    before, out = len(session.errors), {}
    if wanted & store_bars.REQUESTS:
        out["counts"] = request_counts.measure(session, o.rounds, wanted, o.peers)
    if tests := wanted & store_bars.PROGRAMS:
        out["programs"] = programs.measure(tests, os.path.abspath(o.tests), os.path.abspath(o.native), session)
    out["errors"] = session.errors[before:]
    return out, session.facts


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--full", action="store_true", help="1,000,000 and 5,000,000 rows, and the slow peers")
    p.add_argument("--only", default="", help="f1 to f14, s1 to s13, wp1 to wp9 and w2, those to measure; default: all")
    p.add_argument("--peers", default="", help=f"comma list of {', '.join(known_peers())}; default: all")
    p.add_argument("--rows", type=int, default=0, help="rows of each workload instead of the default")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=1.5, help="most time for one question to one peer in one round")
    p.add_argument("--work", default=ROOT + "/build-bench-data", help="folder for data sets (several GB), kept between runs")
    p.add_argument("--native", default=ROOT + "/build-bench", help="build folder with the native benchmarks")
    p.add_argument("--tests", default=ROOT + "/build", help="release build whose tests f11 to f13, s1 to s13 and wp1 to wp6 run")
    p.add_argument("--json", default="", help="results, also as JSON (default: results.json in the work folder)")
    p.add_argument("--markdown", default="", help="write the page docs/BENCHMARKS.md is made of")
    p.add_argument("--readme", default="", help="page whose short table is rewritten from a full run")
    o = p.parse_args()
    known = W1_BARS | SOUNDNESS_BARS | store_bars.ALL | write_path_bars.ALL | {"w2"}
    o.only = {x.strip().lower() for x in o.only.split(",") if x.strip()} or known
    if unknown := o.only - known:
        p.error(f"unknown bars: {', '.join(sorted(unknown))}")
    o.peers = {x.strip() for x in o.peers.split(",") if x.strip()}
    if unknown := o.peers - set(known_peers()):
        p.error(f"unknown peers: {', '.join(sorted(unknown))}")

    started = time.time()
    sizes = dict(workload.FULL_ROWS if o.full else workload.QUICK_ROWS)
    if o.rows:
        sizes = dict.fromkeys(sizes, o.rows)
    out = dict(machine=report.machine(), started=time.strftime("%F %T", time.gmtime()), workloads={})
    judged, sessions = [], {}
    for name, run in (("w1", run_w1), ("w2", run_w2)):
        if not o.only & (W1_BARS if name == "w1" else {"w2"}):
            continue
        print(f"{name}: {sizes[name]:,} rows of {workload.DIM[name]} dimensions", flush=True)
        session = sessions[name] = Session(name, sizes[name], o.work)
        native = run(session, o) or {}
        if name == "w1":
            judged = [b for b in bars.judge_all(bars.Results(session.facts, session.results, native)) if b.id.lower() in o.only]
        out["workloads"][name] = dict(facts=session.facts, results=session.results, native=native, errors=session.errors,
                                      versions=session.versions)
        for leftover in ("writers-", "append-", "gate"):
            for entry in os.listdir(session.folder):
                if entry.startswith(leftover):
                    shutil.rmtree(f"{session.folder}/{entry}")
    if wanted := o.only & SOUNDNESS_BARS:
        print("soundness", flush=True)
        out["soundness"] = soundness.measure(wanted, os.path.abspath(o.tests))
        judged += bars.judge_soundness(out["soundness"])
    if wanted := o.only & store_bars.ALL:
        print("object stores", flush=True)
        out["stores"], facts = run_stores(wanted, sessions.get("w1") or Session("w1", sizes["w1"], o.work), o)
        out["stores"]["facts"] = facts
        judged += store_bars.judge_all(out["stores"], wanted)
    if wanted := o.only & write_path_bars.ALL:
        print("write path", flush=True)
        out["write_path"] = write_path.programs.measure(wanted, os.path.abspath(o.tests), os.path.abspath(o.native))
        judged += write_path_bars.judge_all(out["write_path"])
    out["bars"] = [b._asdict() for b in judged]
    out["seconds"] = round(time.time() - started)
    path = o.json or o.work + "/results.json"
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w") as f:
        json.dump(out, f, indent=1)
    print(report.bars_as_text(judged))
    print(f"took {out['seconds']} s; results in {path}")
    if o.markdown:
        page = report.page(out, judged) + report.kept(o.markdown)
        with open(o.markdown, "w") as f:
            f.write(page)
    if o.readme:
        readme.rewrite(o.readme, out, judged)


if __name__ == "__main__":
    main()
