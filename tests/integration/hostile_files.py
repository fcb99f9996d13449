# SPDX-License-Identifier: Apache-2.0
"""Damaged and malicious Parquet files through the command: each gives a clear error or correct values, and what it cost.

usage: hostile_files.py VARVE_COMMAND [FOLDER...]       (default: hostile in VARVE_TEST_DATA, by default ../shared/data)

Every file is scanned, taken from and verified, each time by a process of its own. Values are correct if pyarrow, checksums on, reads
the same; a take must agree with the scan. Closes with one line of JSON; fails on a crash, a hang, an unclear error or wrong values.
Time and memory are reported, not judged. Without any file it exits with 77: skipped.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

HANG_SECONDS = 60
SKIPPED = 77
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CLEAR_EXIT_CODES = {2, 3, 4, 7, 8}  # documented: bad input, damaged, not found, unsupported, a limit
PEER_MEMORY = 4 << 30


class Command:
    """One finished run of the command."""

    def __init__(self, arguments):
        # Memory is counted from this process's own, which is why it imports nothing large.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as words:
            start = time.perf_counter()
            process = subprocess.Popen(list(map(str, arguments)), stdin=subprocess.DEVNULL, stdout=out, stderr=words)
            timer = threading.Timer(HANG_SECONDS, process.kill)
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            timer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            self.seconds = time.perf_counter() - start
            self.peak_bytes = usage.ru_maxrss * 1024
            self.code = process.returncode
            out.seek(0)
            words.seek(0)
            self.out, self.words = out.read(), words.read().decode(errors="replace")

    def outcome(self, file):
        if self.code == 0:
            return "values"
        if self.seconds >= HANG_SECONDS:
            return "hang"
        if self.code < 0:
            return f"crash ({signal.Signals(-self.code).name})"
        return "error" if self.code in CLEAR_EXIT_CODES and file.name in self.words else "unclear error"


def examine(varve, file, stream):
    """What the command makes of one file; the rows go to `stream`."""
    scan = Command([varve, "export", file, stream, "--format", "arrows", "--quiet"])
    commands = [scan, Command([varve, "verify", file, "--deep", "--quiet"])]
    # Damage is what verification is there to report.
    outcomes = [scan.outcome(file), "values" if commands[1].code == 3 else commands[1].outcome(file)]
    told = next((c.words.strip() for c in commands if c.words), "")
    info = Command([varve, "info", file, "--json"])
    commands.append(info)
    outcomes.append(info.outcome(file))
    if outcomes[-1] == "values" and (rows := json.loads(info.out)["rows"]) > 0:
        take = Command([varve, "take", file, rows - 1, 0, "--json"])
        commands.append(take)
        outcomes.append(take.outcome(file))
        if take.code == 0 and scan.code == 0:
            lines = Command([varve, "export", file, "-", "--format", "jsonl", "--quiet"]).out.splitlines()
            if take.out.splitlines() != [lines[-1], lines[0]]:
                outcomes.append("wrong values: a take is not what a scan gives")
    worst = next((o for o in outcomes if o not in ("values", "error")), scan.outcome(file))
    return {"outcome": worst, "words": told, "seconds": max(c.seconds for c in commands),
            "peak_bytes": max(c.peak_bytes for c in commands)}


# ------------------------------------------------------------ pyarrow, in processes that it may bring down


def same_values(ours, theirs):
    """"" or what differs. Names and types may differ in form (large texts, dictionaries), values may not."""
    if (ours.num_rows, ours.num_columns) != (theirs.num_rows, theirs.num_columns):
        return f"{ours.num_rows} rows of {ours.num_columns} columns, pyarrow {theirs.num_rows} of {theirs.num_columns}"
    for i, name in enumerate(theirs.column_names):
        a, b = ours.column(i), theirs.column(i)
        if ours.column_names[i] != name:
            return f"column {ours.column_names[i]!r}, pyarrow {name!r}"
        if a.type != b.type:
            b = b.cast(a.type)
        # As text: equal NaNs are equal values here.
        if not a.equals(b) and str(a.to_pylist()) != str(b.to_pylist()):
            return f"values of column {name!r}"
    return ""


def compare(file, stream):
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        source = pq.ParquetFile(file, page_checksum_verification=True, memory_map=False)
        theirs = source.read(use_threads=False)
        theirs.validate(full=True)
    except Exception as error:
        return {"pyarrow": "error", "why": str(error)[:200]}
    if not os.path.exists(stream):
        return {"pyarrow": "values"}
    with pa.ipc.open_stream(stream) as reader:
        return {"pyarrow": "values", "difference": same_values(reader.read_all(), theirs)}


def compare_all(pairs):
    """A line of JSON for each pair of files on standard output. A process each: what pyarrow does to it is its own affair."""
    import resource

    import pyarrow.parquet  # noqa: F401  (once, before the forks)

    for file, stream in json.loads(pairs):
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            signal.alarm(HANG_SECONDS)
            resource.setrlimit(resource.RLIMIT_AS, (PEER_MEMORY, PEER_MEMORY))
            print(json.dumps(compare(file, stream)), flush=True)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code != 0:
            print(json.dumps({"pyarrow": f"crash ({signal.Signals(-code).name if code < 0 else code})"}))


# ------------------------------------------------------------ all of it


def main():
    varve = pathlib.Path(sys.argv[1]).resolve()
    data = pathlib.Path(os.environ.get("VARVE_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    folders = list(map(pathlib.Path, sys.argv[2:])) or [data / "hostile"]
    files = sorted(f for folder in folders if folder.is_dir() for f in folder.rglob("*")
                   if f.is_file() and f.suffix != ".md")
    if not files:
        print(f"no files in {', '.join(map(str, folders))}; set VARVE_TEST_DATA")
        return SKIPPED
    with tempfile.TemporaryDirectory() as scratch:
        streams = [pathlib.Path(scratch) / f"{i}.arrows" for i in range(len(files))]
        found = [examine(varve, f, s) for f, s in zip(files, streams)]
        pairs = json.dumps([[str(f), str(s)] for f, s in zip(files, streams)])
        lines = subprocess.run([sys.executable, __file__, "--compare"], input=pairs, check=True, stdout=subprocess.PIPE,
                               text=True).stdout.splitlines()
    for x, line in zip(found, map(json.loads, lines), strict=True):
        x.update(line)
        if x.get("difference"):
            x["outcome"] = "wrong values: " + x["difference"]

    def named(condition):
        return [f.name for f, x in zip(files, found) if condition(x)]

    slowest = max(zip(found, files), key=lambda pair: pair[0]["seconds"])
    largest = max(zip(found, files), key=lambda pair: pair[0]["peak_bytes"])
    bad = named(lambda x: x["outcome"] not in ("values", "error"))
    summary = {
        "files": len(files), "values": len(named(lambda x: x["outcome"] == "values")),
        "errors": len(named(lambda x: x["outcome"] == "error")), "bad": bad,
        "same_as_pyarrow": len(named(lambda x: x.get("difference") == "")),
        "only_varve_reads": named(lambda x: x["outcome"] == "values" and x["pyarrow"] != "values"),
        "only_pyarrow_reads": named(lambda x: x["outcome"] == "error" and x["pyarrow"] == "values"),
        "slowest_seconds": round(slowest[0]["seconds"], 4), "slowest_file": slowest[1].name,
        "peak_bytes": largest[0]["peak_bytes"], "largest_file": largest[1].name,
    }
    for file, x in zip(files, found):
        if x["outcome"] not in ("values", "error"):
            print(f"{file}: {x['outcome']}: {x['words'][:300]}")
        elif (x["outcome"] == "values") != (x["pyarrow"] == "values"):
            print(f"{file}: {x['outcome']}, pyarrow: {x['pyarrow']}: {x.get('why') or x['words'][:300]}")
    print(json.dumps(summary))
    return 1 if bad else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--compare"]:
        compare_all(sys.stdin.read())
    else:
        sys.exit(main())
