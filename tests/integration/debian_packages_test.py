# SPDX-License-Identifier: Apache-2.0
"""Real rows of every shape in and out again: each column must have the checksum recorded beside the data, the queries their
recorded answers. `sample` is the 1,000 rows that the repository carries; `whole` all 63,436, and skips with a message where they
are absent (VARVE_TEST_DATA, default ../shared/data)."""

import json
import os
import pathlib
import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash

import varve

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("VARVE_TEST_DATA", REPOSITORY.parent / "shared" / "data")) / "debian-packages"
SOURCES = {"sample": (REPOSITORY / "examples" / "data", "sample-1000.parquet"), "whole": (DATA, "debian-packages.parquet")}


def stream(column: pa.Array):
    """The bytes that a column's checksum is taken over, value by value (facts.json, "checksum")."""
    t = column.type
    if pa.types.is_integer(t):
        form = struct.Struct({1: "<b", 2: "<h", 4: "<i", 8: "<q"}[t.bit_width // 8])
        return (b"\0" if v is None else b"\1" + form.pack(v) for v in column.to_pylist())
    if pa.types.is_boolean(t):
        return (b"\0" if v is None else b"\1" + (b"\1" if v else b"\0") for v in column.to_pylist())
    if pa.types.is_string(t):
        return (b"\0" if v is None else b"\1" + text(v) for v in column.to_pylist())
    if pa.types.is_fixed_size_binary(t):
        return (b"\1" + v for v in column.to_pylist())
    if pa.types.is_fixed_size_list(t):
        rows = column.flatten().to_numpy().reshape(len(column), t.list_size)
        return (b"\1" + row.tobytes() for row in rows)
    if pa.types.is_list(t) and pa.types.is_string(t.value_type):
        return (b"\0" if v is None else b"\1" + struct.pack("<I", len(v)) + b"".join(map(text, v))
                for v in column.to_pylist())
    if pa.types.is_list(t):  # struct<index: uint32, value: float32>
        items = column.flatten()
        pairs = np.empty(len(items), dtype=[("index", "<u4"), ("value", "<f4")])
        pairs["index"] = items.field("index").to_numpy()
        pairs["value"] = items.field("value").to_numpy()
        offsets = column.offsets.to_numpy() - column.offsets[0].as_py()
        return (b"\1" + struct.pack("<I", int(end - begin)) + pairs[begin:end].tobytes()
                for begin, end in zip(offsets[:-1], offsets[1:]))
    raise AssertionError(f"no checksum is defined for {t}")


def text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("<I", len(encoded)) + encoded


def checksum(batches, name: str) -> str:
    digest = xxhash.xxh3_64()
    for batch in batches:
        column = batch.column(name)
        for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
            digest.update(b"".join(stream(chunk)))
    return digest.hexdigest()


@pytest.fixture(scope="module", params=SOURCES)
def data(request):
    """The folder, and the file of rows in it."""
    folder, name = SOURCES[request.param]
    if not (folder / name).exists():
        pytest.skip(f"no debian-packages data in {folder}; set VARVE_TEST_DATA")
    return folder, folder / name


@pytest.fixture(scope="module")
def table(data, tmp_path_factory):
    source = pq.ParquetFile(data[1])
    reader = pa.RecordBatchReader.from_batches(source.schema_arrow, source.iter_batches(5000))
    return varve.create(str(tmp_path_factory.mktemp("debian") / "packages"), reader, primary_key="id")


def test_every_column_has_its_recorded_checksum(data, table):
    facts = json.loads((data[0] / "facts.json").read_text())
    assert table.schema.names == list(facts["columns"])
    assert len(table) == facts["rows"]
    for name, column in facts["columns"].items():
        assert checksum([table.scan(columns=[name]).to_arrow()], name) == column["xxh3_64"], name


def test_takes_agree_with_the_source(data, table):
    source = pq.read_table(data[1])
    rows = np.random.default_rng(20261121).integers(0, len(table), 300)
    taken = table.take(rows).to_arrow()
    expected = source.take(rows)
    for name in source.column_names:
        assert taken[name].to_pylist() == expected[name].to_pylist(), name


def test_queries_find_their_recorded_answers(data, table):
    vectors = table.scan(columns=["embedding"]).to_numpy("embedding")
    ids = table.scan(columns=["id"]).to_numpy("id")
    queries = pq.read_table(data[0] / "queries.parquet")
    asked = np.stack(queries["embedding"].to_numpy())
    scores = asked @ vectors.T
    present = 0
    for query, nearest in enumerate(queries["top10_ids"].to_pylist()):
        # Of a sample, those of the nearest that are in it: no other row of it comes before them.
        right = [i for i in nearest if i in set(ids.tolist())] if len(ids) < 63_436 else nearest
        present += len(right)
        assert ids[np.argsort(-scores[query], kind="stable")[:len(right)]].tolist() == right
    assert present == (16 if len(ids) == 1000 else 1000)


def test_filters_agree_with_the_source(data, table):
    source = pq.read_table(data[1], columns=["id", "section", "essential", "source"])
    some = source["id"][100].as_py()
    for text_filter, expected in {
        "section = 'editors'": [i for i, s in zip(source["id"].to_pylist(), source["section"].to_pylist()) if s == "editors"],
        "essential = true": [i for i, e in zip(source["id"].to_pylist(), source["essential"].to_pylist()) if e],
        f"source IS NULL AND id < {some}": [i for i, s in zip(source["id"].to_pylist(), source["source"].to_pylist())
                                        if s is None and i < some],
    }.items():
        assert table.scan(columns=["id"], filter=text_filter).to_arrow()["id"].to_pylist() == expected, text_filter


def test_deep_verification_is_clean(table):
    assert table.verify(deep=True) == []
