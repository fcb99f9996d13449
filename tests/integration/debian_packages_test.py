# SPDX-License-Identifier: Apache-2.0
"""63,436 real rows of every shape in and out again: each column must have the checksum recorded beside the data, the queries
their recorded answers. Skips with a message where the data is absent (VARVE_TEST_DATA, default ../shared/data)."""

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
needs_data = pytest.mark.skipif(not (DATA / "debian-packages.parquet").exists(),
                                reason=f"no debian-packages data in {DATA}; set VARVE_TEST_DATA")


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


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    source = pq.ParquetFile(DATA / "debian-packages.parquet")
    reader = pa.RecordBatchReader.from_batches(source.schema_arrow, source.iter_batches(5000))
    return varve.create(str(tmp_path_factory.mktemp("debian") / "packages"), reader, primary_key="id")


@needs_data
def test_every_column_has_its_recorded_checksum(table):
    facts = json.loads((DATA / "facts.json").read_text())
    assert len(table) == facts["rows"]
    for name, column in facts["columns"].items():
        assert checksum([table.scan(columns=[name]).to_arrow()], name) == column["xxh3_64"], name


@needs_data
def test_takes_agree_with_the_source(table):
    source = pq.read_table(DATA / "debian-packages.parquet")
    rows = np.random.default_rng(20261121).integers(0, len(table), 300)
    taken = table.take(rows).to_arrow()
    expected = source.take(rows)
    for name in source.column_names:
        assert taken[name].to_pylist() == expected[name].to_pylist(), name


@needs_data
def test_queries_find_their_recorded_answers(table):
    vectors = table.scan(columns=["embedding"]).to_numpy("embedding")
    queries = pq.read_table(DATA / "queries.parquet")
    asked = np.stack(queries["embedding"].to_numpy())
    scores = asked @ vectors.T
    for query, ids in enumerate(queries["top10_ids"].to_pylist()):
        assert set(np.argsort(-scores[query], kind="stable")[:10].tolist()) == set(ids)


@needs_data
def test_filters_agree_with_the_source(table):
    source = pq.read_table(DATA / "debian-packages.parquet", columns=["id", "section", "essential", "source"])
    for text_filter, expected in {
        "section = 'editors'": [i for i, s in zip(source["id"].to_pylist(), source["section"].to_pylist()) if s == "editors"],
        "essential = true": [i for i, e in zip(source["id"].to_pylist(), source["essential"].to_pylist()) if e],
        "source IS NULL AND id < 100": [i for i, s in zip(source["id"].to_pylist(), source["source"].to_pylist())
                                        if s is None and i < 100],
    }.items():
        assert table.scan(columns=["id"], filter=text_filter).to_arrow()["id"].to_pylist() == expected, text_filter


@needs_data
def test_deep_verification_is_clean(table):
    assert table.verify(deep=True) == []
