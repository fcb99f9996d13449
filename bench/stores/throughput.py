# SPDX-License-Identifier: Apache-2.0
"""Bar S10: how fast objects go to an S3 server on this machine and come back, beside a raw multipart upload and raw ranged reads
with as many requests at once; and how fast a table's vectors are scanned, beside raw reads of its object. Rounds alternate; the
medians are compared.

The server's disk is not what is measured: name a folder in memory as TMPDIR, as `make bench` does.

    cmake --preset bench && ninja -C build-bench store_throughput
    TMPDIR=/dev/shm .venv/bin/python tests/stores/servers.py versitygw -- .venv/bin/python bench/stores/throughput.py build-bench/bench/store_throughput
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time

from raw_s3 import RawS3

PART_BYTES = 8 << 20
PARALLEL = 8
BAR = 0.8
TABLE = "table"


def scan(address, right):
    """In a process of its own: seconds of a scan of all vectors, verified, after the table is open. With `right`, the answer is checked."""
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    import varve
    import workload
    from peers.varve_peer import Varve

    table = varve.open(address)
    if right:
        got = workload.consume(Varve(), table.scan(["emb"]), "emb")
        assert got == right, f"wrong answer: {got}, right: {right}"
        return 0.0
    begin = time.perf_counter()
    rows = sum(batch.num_rows for batch in table.scan(["emb"]))
    took = time.perf_counter() - begin
    assert rows == len(table)
    return took


def make_table(address, source):
    import pyarrow as pa
    import varve

    file = pa.ipc.open_file(pa.OSFile(source + "/rows.arrow"))
    batches = (file.get_batch(i) for i in range(file.num_record_batches))
    varve.create(address, pa.RecordBatchReader.from_batches(file.schema, batches))


def objects_of(raw, bucket, prefix):
    """[(path, bytes)] of what is stored there."""
    _, text = raw.send("GET", f"/{bucket}", f"list-type=2&prefix={prefix.replace('/', '%2F')}")
    return [(f"/{bucket}/{key}", int(size)) for key, size in re.findall("<Key>(.*?)</Key>.*?<Size>(\\d+)</Size>", text, re.DOTALL)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--mebibytes", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--source", default="", help="folder with the rows of W1: also scans a table of them")
    parser.add_argument("--right", default="null", help="with it: the answer of that scan, as JSON")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    store = os.environ["VARVE_TEST_STORE"]
    bucket = store.removeprefix("s3://")
    size = arguments.mebibytes << 20
    data = memoryview(bytearray(os.urandom(size)))
    uploader, reader = RawS3(4), RawS3(PARALLEL)
    options = f"part_bytes={PART_BYTES}&max_in_flight={PARALLEL}"

    def ours(action: str, *words: str) -> float:
        done = subprocess.run([arguments.program, action, f"{store}?{options}", *words], check=True, capture_output=True, text=True)
        return float(done.stdout)

    def timed(call, *words) -> float:
        begin = time.perf_counter()
        call(*words)
        return time.perf_counter() - begin

    seconds: dict[str, list[float]] = {}
    moved: dict[str, int] = dict.fromkeys(("upload", "raw upload", "read", "raw read"), size)

    def note(name: str, took: float) -> None:
        seconds.setdefault(name, []).append(took)

    for number in range(arguments.rounds):
        key = f"/{bucket}/raw-{number}"
        note("upload", ours("upload", f"ours-{number}", str(size)))
        note("raw upload", timed(uploader.upload, key, data, PART_BYTES))
        note("read", ours("read", f"ours-{number}", str(size), str(PART_BYTES)))
        note("raw read", timed(reader.read, key, data, PART_BYTES))
        for done in (key, f"/{bucket}/ours-{number}"):  # the server may keep them in memory
            reader.send("DELETE", done)
    if arguments.source:
        address = f"{store}/{TABLE}"
        make_table(address, arguments.source)

        def scanned(right: str) -> float:
            done = subprocess.run([sys.executable, __file__, "--scan", f"{address}?{options}", right], check=True, stdout=subprocess.PIPE,
                                  text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
            return float(done.stdout)

        scanned(arguments.right)
        path, stored = max(objects_of(reader, bucket, TABLE + "/"), key=lambda found: found[1])
        out = memoryview(bytearray(stored))
        facts = json.load(open(arguments.source + "/facts.json"))
        moved |= {"scan": facts["vector_bytes"], "raw scan": stored}
        for _ in range(arguments.rounds):
            note("scan", scanned("null"))
            note("raw scan", timed(reader.read, path, out, PART_BYTES))
    speed = {name: moved[name] / statistics.median(each) / 1e6 for name, each in seconds.items()}
    for action in (name for name in speed if not name.startswith("raw")):
        ratio = speed[action] / speed[f"raw {action}"]
        verdict = "met" if ratio >= BAR else "missed"
        if arguments.json:
            print(json.dumps({"bar": "S10", "what": action, "ours": speed[action], "raw": speed[f"raw {action}"], "ratio": ratio,
                              "seconds": seconds[action], "raw_seconds": seconds[f"raw {action}"]}))
        else:
            print(f"S10 {action}: {speed[action]:.0f} MB/s, raw {speed[f'raw {action}']:.0f} MB/s, {ratio:.2f}x, bar {BAR}x: {verdict}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--scan"]:
        print(scan(sys.argv[2], json.loads(sys.argv[3])))
    else:
        main()
