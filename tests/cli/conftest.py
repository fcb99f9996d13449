# SPDX-License-Identifier: Apache-2.0
"""Runs the built command (environment variable VARVE, else build/varve) on small data."""

import json
import os
import pathlib
import subprocess

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VARVE = os.environ.get("VARVE", str(ROOT / "build" / "varve"))
NUM_ROWS = 500
DIMENSION = 16


class Outcome:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self):
        return json.loads(self.err)["error"]


def run(*words, code=0, stdin=None, cwd=None, env=None):
    done = subprocess.run([VARVE, *map(str, words)], capture_output=True, text=True, input=stdin, cwd=cwd, timeout=300,
                          env={**os.environ, **(env or {})})
    assert code is None or done.returncode == code, f"exit {done.returncode}, expected {code}\n{done.stdout}\n{done.stderr}"
    return Outcome(done)


@pytest.fixture(scope="session")
def rows():
    rng = np.random.default_rng(11)
    # Sixty-fourths: the same number as float32, float64 and text.
    vectors = (rng.integers(-128, 128, (NUM_ROWS, DIMENSION)) / 64).astype(np.float32)
    return pa.table({
        "id": pa.array(range(NUM_ROWS), pa.int64()),
        "label": pa.array([i % 10 for i in range(NUM_ROWS)], pa.int32()),
        "title": pa.array([None if i % 50 == 49 else f"title {i}" for i in range(NUM_ROWS)], pa.string()),
        "score": pa.array([i / 4 for i in range(NUM_ROWS)], pa.float64()),
        "tags": pa.array([[f"t{i % 3}"] * (i % 4) for i in range(NUM_ROWS)], pa.list_(pa.string())),
        "embedding": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION),
    })


@pytest.fixture(scope="session")
def vectors(rows):
    return np.array(rows["embedding"].to_pylist(), dtype=np.float32)


@pytest.fixture(scope="session")
def parquet(rows, tmp_path_factory):
    """A file of another writer."""
    path = tmp_path_factory.mktemp("files") / "rows.parquet"
    pq.write_table(rows, path, row_group_size=200, write_page_index=True)
    return path


@pytest.fixture(scope="session")
def table(parquet, tmp_path_factory):
    """Two versions: all rows, then the same again."""
    path = tmp_path_factory.mktemp("tables") / "books"
    run("import", path, parquet)
    run("import", path, parquet, "-m", "once more")
    return path
