# SPDX-License-Identifier: Apache-2.0
"""A flush of Varve beside pyarrow writing the same columns to Parquet (bar W8), each in a process of its own, in turns.

usage: sync_task.py BUILD_FOLDER [ROWS [DIM]]

pyarrow writes one file, zstd like Varve's scalars, vectors without codec and dictionary like Varve's; before fsync, as Varve does here.
"""

import json
import pathlib
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


def main(build, rows="200000", dim="768"):
    program = pathlib.Path(build) / "bench" / "sync_task"
    with tempfile.TemporaryDirectory() as scratch:
        rows_file = f"{scratch}/rows.arrow"
        subprocess.run([program, "make", rows_file, rows, dim], check=True)
        ours, theirs = [], []
        for turn in range(REPETITIONS):
            run = subprocess.run([program, "run", rows_file, f"{scratch}/store-{turn}"], check=True, capture_output=True, text=True)
            ours.append(json.loads(run.stdout))
            peer = subprocess.run([sys.executable, "-c", PEER, rows_file, f"{scratch}/peer.parquet"], check=True,
                                  capture_output=True, text=True)
            theirs.append(float(peer.stdout))
            subprocess.run(["rm", "-r", f"{scratch}/store-{turn}", f"{scratch}/peer.parquet"], check=True)
    flush = statistics.median(run["ms"] for run in ours)
    print(json.dumps({"rows": int(rows), "dim": int(dim), "flush_ms": flush, "pyarrow_ms": statistics.median(theirs),
                      "times_pyarrow": round(statistics.median(theirs) / flush, 3),
                      "memory_beyond_input_mib": max(run["memory_beyond_input_mib"] for run in ours)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
