# SPDX-License-Identifier: Apache-2.0
"""Rows in from, and results out to, everything that speaks the Arrow PyCapsule interface, and NumPy."""

import subprocess
import sys

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import make_rows, plain

import varve


class Batches:
    """Only __arrow_c_array__, so that nothing else of pyarrow can be used."""

    def __init__(self, batch):
        self.__arrow_c_array__ = batch.__arrow_c_array__


def inputs():
    rows = make_rows(1000)
    batches = rows.to_batches(max_chunksize=300)
    yield "table", rows
    yield "batch", rows.combine_chunks().to_batches()[0]
    yield "reader", pa.RecordBatchReader.from_batches(rows.schema, batches)
    yield "list", batches
    yield "iterator", iter(batches)
    yield "capsules", [Batches(b) for b in batches]
    yield "tables", [rows.slice(0, 10), rows.slice(10)]
    yield "mapping", {name: rows[name] for name in rows.column_names}


@pytest.mark.parametrize("data", [pytest.param(d, id=name) for name, d in inputs()])
def test_arrow_in(tmp_path, data):
    expected = make_rows(1000)
    table = varve.create(tmp_path / "t", data)
    assert table.version == 1
    assert plain(table.scan()).equals(plain(expected))


def test_polars_in_and_out(tmp_path):
    rows = make_rows(1000)
    frame = pl.from_arrow(rows)
    table = varve.create(tmp_path / "t", frame)
    assert table.scan().to_polars().equals(frame)
    assert pl.DataFrame(table.take([3, 1])).equals(frame[[3, 1]])


def test_libraries_take_a_result_as_it_is(table, rows):
    wanted = rows.select(["id", "label"])
    scan = table.scan(["id", "label"])
    assert pl.DataFrame(scan).equals(pl.from_arrow(wanted))
    # Of an object that is only a stream, from_arrow makes a series of structs; of a pyarrow table, a frame.
    assert pl.from_arrow(scan.to_arrow()).equals(pl.from_arrow(wanted))
    assert pl.from_arrow(scan).struct.unnest().equals(pl.from_arrow(wanted))
    assert duckdb.sql("SELECT * FROM scan ORDER BY id").to_arrow_table().cast(wanted.schema).equals(wanted)
    assert pd.DataFrame.from_arrow(scan).equals(wanted.to_pandas())
    assert scan.to_pandas().equals(wanted.to_pandas())
    assert plain(pa.table(scan)).equals(plain(wanted))


def test_duckdb_in_and_out(tmp_path):
    rows = make_rows(1000)  # noqa: F841  found by DuckDB by its name
    table = varve.create(tmp_path / "t", duckdb.sql("SELECT id, label, text FROM rows WHERE id < 500"))
    scan = table.scan()  # noqa: F841
    found = duckdb.sql("SELECT count(*), sum(id), max(text) FROM scan").fetchall()
    assert found == duckdb.sql("SELECT count(*), sum(id), max(text) FROM rows WHERE id < 500").fetchall()


def test_pandas_in_and_out(tmp_path):
    frame = pd.DataFrame({"id": np.arange(100), "name": [f"n{i}" for i in range(100)], "x": np.linspace(0, 1, 100)})
    table = varve.create(tmp_path / "t", frame)
    out = table.scan().to_pandas()
    assert out["id"].tolist() == frame["id"].tolist()
    assert out["name"].tolist() == frame["name"].tolist()
    assert np.array_equal(out["x"], frame["x"])


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.float16,
                                  np.float32, np.float64, np.bool_, "datetime64[us]", "datetime64[ms]", "timedelta64[ns]"])
def test_numpy_columns(tmp_path, kind):
    values = (np.arange(2000) % 100).astype(kind)
    table = varve.create(tmp_path / "t", {"x": values, "strided": np.repeat(values, 2)[::2]})
    for name in ("x", "strided"):
        out = table.scan().to_numpy(name)
        assert out.dtype == values.dtype and np.array_equal(out, values)
        assert np.array_equal(np.asarray(table.take([5, 3]).column(name)), values[[5, 3]])


@pytest.mark.parametrize("kind", [np.float32, np.float16, np.int8])
def test_numpy_vectors(tmp_path, kind):
    values = np.random.default_rng(1).integers(-100, 100, (3000, 16)).astype(kind)
    table = varve.create(tmp_path / "t", {"id": np.arange(3000), "emb": values})
    assert np.array_equal(table.scan().to_numpy("emb"), values)
    assert np.array_equal(table.take([2999, 0]).to_numpy("emb"), values[[2999, 0]])
    table.append({"emb": np.asfortranarray(values), "id": np.arange(3000)})
    assert np.array_equal(table.scan().to_numpy("emb")[3000:], values)


def test_numpy_doubles_become_float_vectors(tmp_path):
    values = np.random.default_rng(2).standard_normal((300, 8))
    with pytest.warns(UserWarning, match="column 'emb' are float64; its vectors are float32"):
        table = varve.create(tmp_path / "t", {"emb": values})
    assert table.schema.types == ["fixed_size_list<item: float>[8]"]
    assert np.array_equal(table.scan().to_numpy("emb"), values.astype(np.float32))
    table.append({"emb": values + 1})
    table.append({"emb": (values + 2).tolist()})
    assert np.array_equal(table.scan().to_numpy("emb")[300:600], (values + 1).astype(np.float32))
    assert np.array_equal(table.scan().to_numpy("emb")[600:], (values + 2).astype(np.float32))
    with pytest.raises(varve.InvalidError, match="row 3: value does not fit: field 'emb'"):
        table.append({"emb": np.where(np.arange(8)[:, None] == 3, 1e39, np.zeros((8, 8)))})
    assert table.version == 3


def test_arrow_doubles_stay_what_they_are(tmp_path):
    column = pa.array([[0.1, 0.2], [0.3, 0.4]], pa.list_(pa.float64(), 2))
    with pytest.warns(UserWarning, match="stored as lists, not as vectors"):
        table = varve.create(tmp_path / "t", {"v": column})
    table.append({"v": np.array([[0.5, 0.7]])})
    assert table.scan().to_arrow()["v"].to_pylist() == [[0.1, 0.2], [0.3, 0.4], [0.5, 0.7]]


def test_list_of_dicts(tmp_path):
    table = varve.create(tmp_path / "t", [{"id": 1, "name": "a"}, {"id": 2, "size": 1.5}, {"name": "c", "id": 3}])
    expected = [{"id": 1, "name": "a", "size": None}, {"id": 2, "name": None, "size": 1.5}, {"id": 3, "name": "c", "size": None}]
    assert table.scan().to_pylist() == expected
    table.append([{"id": 4, "name": None, "size": 2.0}])
    assert table.scan().to_pylist()[3] == {"id": 4, "name": None, "size": 2.0}
    with pytest.raises(varve.InvalidError, match="row 1 is no dict but int"):
        table.append([{"id": 4}, 7])


def test_rules_in_field_metadata(tmp_path):
    schema = pa.schema([
        pa.field("id", pa.int64()),
        pa.field("title", pa.string(), metadata={"varve.max_length": "5", "varve.default": "none"}),
        pa.field("v", pa.list_(pa.float32(), 2), metadata={"varve.allow_non_finite": "false"}),
    ])
    table = varve.create(tmp_path / "t", schema)
    table.append({"id": [1]})
    assert table.scan().to_pylist() == [{"id": 1, "title": "none", "v": None}]
    with pytest.raises(varve.InvalidError, match="at most 5 bytes, found 8"):
        table.append({"id": [1], "title": ["too long"]})
    with pytest.raises(varve.InvalidError, match="NaN or infinity in a vector: field 'v'"):
        table.append({"id": [1], "v": np.array([[0, np.inf]], np.float32)})
    with pytest.raises(varve.InvalidError, match="did you mean 'varve.default'"):
        varve.create(tmp_path / "u", pa.schema([pa.field("a", pa.int64(), metadata={"varve.defualt": "1"})]))


def test_nulls_become_nan_nat_and_masks(table, rows):
    score = table.scan(["score"]).to_numpy("score")
    assert np.array_equal(np.isnan(score), rows["score"].is_null().to_numpy())
    assert np.array_equal(score[~np.isnan(score)], rows["score"].drop_null().to_numpy())


def test_masked_integers_are_exact(tmp_path):
    table = varve.create(tmp_path / "t", {"x": pa.array([2**60 + 1, None, 3]), "b": pa.array([True, None, False]),
                                          "t": pa.array([0, None, 5], pa.timestamp("ms"))})
    x, b, t = (table.scan().to_numpy(name) for name in ("x", "b", "t"))
    assert x.tolist() == [2**60 + 1, None, 3] and b.tolist() == [True, None, False]
    assert np.isnat(t).tolist() == [False, True, False] and t[2] == np.datetime64(5, "ms")


def test_texts_become_objects(table, rows):
    assert table.take([0, 1, 11]).to_numpy("text").tolist() == [None, "row 1", None]
    assert table.take([1]).column("text").to_pylist() == ["row 1"]


def test_batches_are_light(table, rows):
    batch = next(iter(table.scan(["id", "label"])))
    assert batch.column_names == ["id", "label"] and len(batch) == batch.num_rows > 0
    assert batch["id"].type == "int64" and batch.column(1).null_count == 0
    assert np.array_equal(batch["id"].to_numpy(), rows["id"].to_numpy()[:len(batch)])
    assert pa.record_batch(batch).num_rows == len(batch)
    assert pa.array(batch["label"]).equals(rows["label"].combine_chunks().slice(0, len(batch)))
    with pytest.raises(varve.NotFoundError, match="emb"):
        batch.column("emb")
    with pytest.raises(IndexError):
        batch.column(2)


@pytest.mark.parametrize("data, message", [
    (7, "int"),
    ("rows", "str"),
    ([], "no batch"),
    ({}, "no columns"),
    ([1, 2], "int"),
    ({"a": np.arange(3), "b": np.arange(4)}, "'b' has 4 rows"),
    ({"a": np.zeros((2, 2, 2))}, "3 dimensions"),
    ({"a": [object()]}, "'a'"),
    ({1: [1]}, "names"),
    ([pa.table({"a": [1]}), pa.table({"a": ["x"]})], "one schema"),
])
def test_what_is_no_data(tmp_path, data, message):
    with pytest.raises(varve.InvalidError, match=message):
        varve.create(tmp_path / "t", data)


def test_importing_does_not_import_pyarrow_or_numpy():
    code = "import sys, varve; print('pyarrow' in sys.modules, 'numpy' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["False", "False"]
