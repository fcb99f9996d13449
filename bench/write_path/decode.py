# SPDX-License-Identifier: Apache-2.0
"""Bar W7: V1 binlogs decoded, scalars beside pyarrow reading the bare payload, vectors beside bare zstd decompression of the same
pages: CPU time of one thread beside that of one thread; and the wall time of two threads of ours. Rounds alternate; the medians are compared.

    cmake --preset bench && ninja -C build-bench binlog_decode
    .venv/bin/python bench/write_path/decode.py build-bench/bench/binlog_decode
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SCALARS = ("int64", "double", "varchar")
DIM = 768
ROWS = 1_000_000  # a tenth of them vectors
REPETITIONS = 9


def words_of(column):
    """The XOR of the words of its values, as the program takes it."""
    sums = 0
    data = b"".join(chunk.buffers()[-1][: used_bytes(chunk)] for chunk in column.chunks)
    sums = np.bitwise_xor.reduce(np.frombuffer(data[: len(data) // 8 * 8], np.uint64))
    return int(sums)


def used_bytes(chunk):
    """Buffers may be longer than what is in them."""
    if pa.types.is_string(chunk.type) or pa.types.is_binary(chunk.type):
        return np.frombuffer(chunk.buffers()[1], np.int32)[chunk.offset + len(chunk)]
    return len(chunk) * (chunk.type.bit_width // 8)


def native(program, *words):
    done = subprocess.run([program, *map(str, words)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout) if done.stdout else {}, done.stderr.split()


def pyarrow_milliseconds(path):
    """Of CPU and on the wall, on one thread; and the column."""
    payload = pa.py_buffer(open(path, "rb").read())
    times = []
    for _ in range(REPETITIONS + 1):
        start = time.process_time(), time.perf_counter()
        column = pq.ParquetFile(pa.BufferReader(payload)).read(use_threads=False).column(0)
        times.append((1e3 * (time.process_time() - start[0]), 1e3 * (time.perf_counter() - start[1])))
    return *map(statistics.median, zip(*times[1:])), column


def measure(program, rows, rounds):
    """{field: {"ours", "theirs": CPU ms of one thread, "ours_wall", "theirs_wall": ms on the wall, ours of two threads, "mb": of values in memory}}."""
    times, megabytes = {}, {}
    with tempfile.TemporaryDirectory(prefix="varve-decode-") as folder:
        native(program, "write", folder, rows, DIM)
        for _ in range(rounds):
            for name in (*SCALARS, "vector"):
                one, right = native(program, "read", folder, name, DIM, 1)
                two, _ = native(program, "read", folder, name, DIM, 2)
                if name == "vector":
                    bare, _ = native(program, "zstd", folder, name)
                    cpu, wall = bare["zstd_cpu"], bare["zstd"]
                    megabytes[name] = rows // 10 * DIM * 4 / 1e6
                else:
                    cpu, wall, column = pyarrow_milliseconds(f"{folder}/{name}.parquet")
                    megabytes[name] = sum(used_bytes(chunk) for chunk in column.chunks) / 1e6
                    if (got := int(right[1], 16)) != words_of(column):
                        raise AssertionError(f"{name}: {got:016x}, pyarrow {words_of(column):016x}")
                times.setdefault(name, []).append({"ours": one["read_cpu"], "theirs": cpu, "ours_wall": two["read"], "theirs_wall": wall})
    return {name: {"mb": megabytes[name], **{key: statistics.median(x[key] for x in found) for key in found[0]}} for name, found in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.program, arguments.rows, arguments.rounds)))


if __name__ == "__main__":
    main()
