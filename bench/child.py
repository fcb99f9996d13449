# SPDX-License-Identifier: Apache-2.0
"""One measurement in a process of its own: child.py REQUEST.json. Writes its result beside the request.

Every answer is compared with the right one before its time counts; the consumer reads every word it is handed inside the
timed region. Wall time and CPU time (all threads) are both kept.
"""

import json
import os
import resource
import statistics
import sys
import time

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402
import workload  # noqa: E402
from peers.peer import Source, files  # noqa: E402


def peak_bytes():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))


def resident_bytes():
    return int(open("/proc/self/statm").read().split()[1]) * 4096


def sync_tree(path):
    for folder, _, names in os.walk(path):
        for f in [*(os.path.join(folder, n) for n in names), folder]:
            descriptor = os.open(f, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)


def metadata_bytes(path):
    """(metadata, data): data is what lies under data/ or is a file of rows outside a log folder."""
    metadata = data = 0
    for f in files(path):
        name = os.path.relpath(f, path)
        rows = ("/data/" in "/" + name or name.endswith((".parquet", ".vortex", ".duckdb"))) and "_delta_log" not in name
        if rows:
            data += os.path.getsize(f)
        else:
            metadata += os.path.getsize(f)
    return metadata, data


def answer(peer, question, repetition, rows):
    if hasattr(peer, "answer"):
        return peer.answer(question, repetition, rows)
    return workload.ask(peer, question, repetition, rows)


def write(peer, a):
    source = Source(a["source"] + "/rows.arrow", a["in_memory"])
    os.sync()
    open("/proc/self/clear_refs", "w").write("5")  # the peak starts here
    before, start, cpu = resident_bytes(), time.perf_counter(), time.process_time()
    peer.write(source, a["path"])
    sync_tree(a["path"])  # most peers do not; it costs nothing where it was done
    cpu = time.process_time() - cpu
    return dict(wall=time.perf_counter() - start, cpu=cpu, peak_over_start=peak_bytes() - before,
                bytes=sum(map(os.path.getsize, files(a["path"]))), files=len(files(a["path"])))


def read(peer, a):
    peer.open(a["path"])
    out, bad = {}, {}
    for question in a["questions"]:
        right = a["right"][question]
        try:
            walls, cpus, begun = [], [], time.perf_counter()
            if answer(peer, question, workload.WARM, a["rows"]) != right[str(workload.WARM)]:
                raise ValueError("wrong answer")
            first = time.perf_counter() - begun
            for i in range(workload.REPETITIONS[question]):
                repetition = a["round"] * 100 + i if question.startswith("take") else workload.WARM
                if question.startswith("take"):
                    workload.rows_of_take(workload.take_count(question), repetition, a["rows"])
                cpu, start = time.process_time(), time.perf_counter()
                got = answer(peer, question, repetition, a["rows"])
                wall = time.perf_counter() - start
                if got != right[str(repetition)]:
                    raise ValueError(f"wrong answer in repetition {repetition}")
                walls.append(wall)
                cpus.append(time.process_time() - cpu)
                if time.perf_counter() - begun > a["seconds_each"]:
                    break
            out[question] = dict(first=first, wall=walls, cpu=cpus)
        except Exception as error:
            bad[question] = f"{type(error).__name__}: {error}"[:300]
    return dict(questions=out, bad=bad)


def open_first_row(peer, a):
    workload.rows_of_take(1, a["round"], a["rows"])
    start = time.perf_counter()
    peer.open(a["path"])
    opened = time.perf_counter()
    got = answer(peer, "take1", a["round"], a["rows"])
    end = time.perf_counter()
    return dict(open=opened - start, first_row=end - start, ok=got == a["right"]["take1"][str(a["round"])])


def append(peer, a):
    peer.create(a["path"], workload.small_batch(a["source"], 0, 0).schema)
    tables = [workload.small_batch(a["source"], 0, k) for k in range(a["count"])]
    times, cpu, start = [], time.process_time(), time.perf_counter()
    for table in tables:
        begun = time.perf_counter()
        peer.append(a["path"], table)
        times.append(time.perf_counter() - begun)
    out = dict(wall=time.perf_counter() - start, cpu=time.process_time() - cpu, first50=statistics.median(times[:50]),
               last50=statistics.median(times[-50:]), p99=float(np.quantile(times, 0.99)), rows=peer.rows(a["path"]))
    out["metadata_bytes"], out["data_bytes"] = metadata_bytes(a["path"])
    return out


def make_empty(peer, a):
    peer.create(a["path"], workload.small_batch(a["source"], 0, 0).schema)
    return {}


def writer(peer, a):
    tables = [workload.small_batch(a["source"], a["id"], k) for k in range(a["count"])]
    open(f"{a['gate']}/{a['id']}", "w").close()
    while not os.path.exists(a["gate"] + "/go"):
        time.sleep(0.002)
    committed, refused = 0, {}
    for table in tables:
        try:
            peer.append(a["path"], table)
            committed += 1
        except Exception as error:
            name = f"{type(error).__name__}: {error}"[:100]
            refused[name] = refused.get(name, 0) + 1
    return dict(committed=committed, refused=refused, end=time.time())


def survey(peer, a):
    """What concurrent writers left: rows and distinct ids."""
    peer.open(a["path"])
    ids = np.concatenate([peer.values(b, "id") for b in peer.scan(["id"])] or [np.empty(0, np.int64)])
    return dict(rows=len(ids), distinct=len(np.unique(ids)))


MODES = {f.__name__: f for f in (write, read, open_first_row, append, make_empty, writer, survey)}


def main():
    a = json.load(open(sys.argv[1]))
    peer = peers.ALL[a["peer"]]()
    peer.load()
    out = MODES[a["mode"]](peer, a)
    out["version"] = peer.version()
    out["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with open(a["result"] + ".part", "w") as f:
        json.dump(out, f)
    os.rename(a["result"] + ".part", a["result"])
    # Some peers crash while their threads are torn down; the result is complete.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
