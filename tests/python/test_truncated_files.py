# SPDX-License-Identifier: Apache-2.0
"""A mapped file that is truncated: an error, not the end of the interpreter."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import make_rows

import varve

# In a process of its own, which a fault would end.
TRUNCATES = """
import os, sys, varve

uri, data, call = sys.argv[1:]
table = varve.open(uri)
for batch in table.scan():
    pass  # compares every page, so that none is compared again
rows = table.scan(["emb"])
os.truncate(data, 5000)
try:
    eval(call)
except varve.CorruptionError as error:
    print(error.kind, error)
else:
    print("nothing was noticed")
"""


@pytest.mark.parametrize("call", [
    'rows.to_numpy("emb")',
    'rows.column("emb")',
    'list(rows)',
    'table.scan(["emb"]).to_arrow()',
    'table.scan(["ts", "emb"], filter="label >= 0").to_numpy("emb")',
    'table.take(list(range(0, 20_000, 7)), columns=["emb"])',
])
def test_it_is_damage(tmp_path, call):
    varve.create(tmp_path / "t", make_rows())
    data = max((tmp_path / "t" / "data").iterdir(), key=lambda path: path.stat().st_size)
    done = subprocess.run([sys.executable, "-c", TRUNCATES, tmp_path / "t", data, call], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stderr}"
    assert done.stdout.startswith("corruption ") and data.name in done.stdout


def test_a_column_of_many_batches_is_put_together(tmp_path, rows):
    table = varve.create(tmp_path / "t", rows)
    scan = table.scan(["ts", "emb", "text"], filter="label < 50")
    keep = np.flatnonzero(rows["label"].to_numpy() < 50)
    emb = np.asarray(rows["emb"].combine_chunks().values).reshape(len(rows), -1)
    assert len(list(scan)) > 1
    assert np.array_equal(scan.to_numpy("emb"), emb[keep])
    assert np.array_equal(scan.to_numpy("ts"), rows["ts"].to_numpy()[keep])
    assert scan.column("text").to_pylist() == rows["text"].take(keep).to_pylist()
    assert np.array_equal(table.scan(limit=9_000).to_numpy("emb"), emb[:9_000])
    assert table.scan(filter="label < 0").to_numpy("emb").shape == (0, emb.shape[1])
