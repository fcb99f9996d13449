# SPDX-License-Identifier: Apache-2.0
"""A flush of Varve beside pyarrow writing the same columns to Parquet (bar WP8), each in a process of its own, in turns.

usage: sync_task.py PROGRAM [ROWS [DIM]]     PROGRAM: build-bench/bench/sync_task

pyarrow writes one file, zstd like Varve's scalars, vectors without codec and dictionary like Varve's; before fsync, as Varve does here.
"""

import json
import statistics
import subprocess
import sys
import tempfile

REPETITIONS = 5
PEER = """
import sys, time
import pyarrow as pa, pyarrow.parquet as pq
table = pa.ipc.open_file(pa.OSFile(sys.argv[1])).read_all()
vectors = table.schema.get_field_index("emb")
width = table.schema.field("emb").type.list_size * 4
chunks = [pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(c), [None, c.values.buffers()[1]], offset=c.offset)
          for c in table.column(vectors).chunks]
table = table.set_column(vectors, pa.field("emb", pa.binary(width), nullable=False), pa.chunked_array(chunks))
codecs = {name: "NONE" if name == "emb" else "ZSTD" for name in table.column_names}
begin = time.perf_counter()
pq.write_table(table, sys.argv[2], compression=codecs, use_dictionary=[n for n in table.column_names if n != "emb"],
               write_statistics=[n for n in table.column_names if n != "emb"])
print(1000 * (time.perf_counter() - begin))
"""


def measure(program, rows=200_000, dim=768):
    """Milliseconds of each, and what a flush took of memory beside its input, MiB."""
    with tempfile.TemporaryDirectory() as scratch:
        rows_file = f"{scratch}/rows.arrow"
        subprocess.run([program, "make", rows_file, str(rows), str(dim)], check=True)
        ours, theirs = [], []
        for turn in range(REPETITIONS):
            run = subprocess.run([program, "run", rows_file, f"{scratch}/store-{turn}"], check=True, capture_output=True, text=True)
            ours.append(json.loads(run.stdout))
            peer = subprocess.run([sys.executable, "-c", PEER, rows_file, f"{scratch}/peer.parquet"], check=True,
                                  capture_output=True, text=True)
            theirs.append(float(peer.stdout))
            subprocess.run(["rm", "-r", f"{scratch}/store-{turn}", f"{scratch}/peer.parquet"], check=True)
    return {"ours": statistics.median(run["ms"] for run in ours), "theirs": statistics.median(theirs),
            "memory_mib": max(run["memory_beyond_input_mib"] for run in ours)}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], *map(int, sys.argv[2:]))))
