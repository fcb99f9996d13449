# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, as exceptions with attributes."""

import _thread
import datetime
import threading

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from conftest import make_rows

import varve


def test_classes_are_also_what_python_expects():
    assert issubclass(varve.InvalidError, ValueError)
    assert issubclass(varve.NotFoundError, LookupError)
    assert issubclass(varve.IOError, OSError)
    for name in varve.__all__:
        if name.endswith("Error"):
            assert issubclass(getattr(varve, name), varve.Error)


def test_absent_table(tmp_path):
    with pytest.raises(varve.NotFoundError) as caught:
        varve.open(tmp_path / "nothing")
    assert caught.value.kind == "not_found"
    assert str(tmp_path) in str(caught.value)


def test_create_where_a_table_is(table, rows):
    with pytest.raises(varve.AlreadyExistsError):
        varve.create(table.uri, rows)
    assert len(table) == rows.num_rows


def test_unknown_column_is_named(table):
    with pytest.raises(varve.Error, match="lable") as caught:
        table.scan(["lable"])
    assert isinstance(caught.value, (varve.InvalidError, varve.NotFoundError))
    with pytest.raises(varve.NotFoundError, match="emb"):
        table.scan(["id"]).to_numpy("emb")


def test_an_unknown_column_is_answered_by_what_there_is(table):
    with pytest.raises(varve.InvalidError, match="did you mean 'label'"):
        table.scan(columns=["lable"])
    with pytest.raises(varve.InvalidError, match="did you mean 'RowID'"):
        table.take([1], columns="rowid")
    with pytest.raises(varve.InvalidError, match="one of id, ts, label, score, text, flag, emb") as caught:
        table.scan(columns=["nope"])
    assert caught.value.field == "nope"


def test_columns_and_filters_of_other_types(table):
    for columns in (7, [7], [None], object()):
        with pytest.raises(TypeError, match="columns must be"):
            table.scan(columns=columns)
    for filter in (7, b"label = 7", ["label", "=", 7], [[("label", "=", 7)]]):
        with pytest.raises(varve.InvalidError, match="a filter is text"):
            table.scan(filter=filter)
    with pytest.raises(varve.InvalidError, match="did you mean 'label'"):
        table.count(pc.field("lable") + 1 == 7)
    with pytest.raises(varve.InvalidError):
        table.count(pc.field("label") + 1)  # a number is no filter


def test_filter_that_does_not_parse(table):
    with pytest.raises(varve.InvalidError):
        table.scan(filter="label = = 7").to_arrow()
    with pytest.raises(varve.InvalidError):
        table.count("label ~ 7")


def test_rows_out_of_range(table, rows):
    with pytest.raises(varve.InvalidError, match=str(rows.num_rows)):
        table.take([0, rows.num_rows])


def test_damage_is_corruption_with_its_place(tmp_path):
    rows = make_rows(3000).select(["id", "emb"])
    varve.create(tmp_path / "t", rows)
    for file in (tmp_path / "t" / "data").iterdir():
        content = bytearray(file.read_bytes())
        # The vectors are the bulk of the bytes, whichever way columns were shared out over files.
        content[len(content) // 2] ^= 0x10
        file.write_bytes(content)
    damaged = varve.open(tmp_path / "t")
    with pytest.raises(varve.CorruptionError) as caught:
        damaged.scan().to_arrow()
    error = caught.value
    assert error.kind == "corruption" and error.object.endswith(".parquet")
    assert error.object in str(error)
    with pytest.raises(varve.CorruptionError):
        damaged.take(range(3000)).to_arrow()


@pytest.mark.parametrize("rows", [
    {"id": [1], "emb": np.zeros((1, 5), np.float32)},  # another width
    {"id": [1]},  # a vector is missing
    {"id": [1], "emb": np.zeros((1, 4), np.float32), "more": [1]},
    {"id": ["one"], "emb": np.zeros((1, 4), np.float32)},
])
def test_rows_that_do_not_fit_leave_the_table_alone(tmp_path, rows):
    table = varve.create(tmp_path / "t", pa.table({"id": pa.array([0]), "emb": pa.array([[0.0] * 4], pa.list_(
        pa.float32(), 4))}, schema=pa.schema([pa.field("id", pa.int64(), False), pa.field("emb", pa.list_(pa.float32(), 4), False)])))
    with pytest.raises(varve.InvalidError):
        table.append(rows)
    assert (table.version, len(table)) == (1, 1)
    assert (varve.open(tmp_path / "t").version, len(varve.open(tmp_path / "t"))) == (1, 1)


def test_an_exception_of_the_source_comes_through(tmp_path):
    class Mine(Exception):
        pass

    def batches():
        yield make_rows(10)
        raise Mine("stop here")

    table = varve.create(tmp_path / "t", make_rows(10))
    with pytest.raises(Mine, match="stop here"):
        table.append(batches())
    with pytest.raises(Mine, match="stop here"):
        varve.create(tmp_path / "u", batches())
    assert table.version == 1
    with pytest.raises(varve.NotFoundError):
        varve.open(tmp_path / "u")


def test_interrupting_a_write(tmp_path):
    table = varve.create(tmp_path / "t", make_rows(10))
    given = 0

    def endless():
        nonlocal given
        while True:
            given += 1
            if given == 5:
                _thread.interrupt_main()  # as Ctrl-C does
            yield make_rows(10)

    with pytest.raises(KeyboardInterrupt):
        table.append(endless())
    assert given < 10
    assert (table.version, varve.open(tmp_path / "t").version) == (1, 1)


def test_reads_from_many_threads(table, rows):
    expected = rows["id"].to_numpy()
    found, shared = [], iter(table.scan(["id"], batch_size=100))
    lock = threading.Lock()

    def pull():
        mine = []
        for batch in shared:
            mine.append(batch.column("id").to_numpy())
        taken = table.take(range(0, 20_000, 7), columns=["id"]).to_numpy("id")
        with lock:
            found.extend(mine)
            assert np.array_equal(taken, expected[::7])

    threads = [threading.Thread(target=pull) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.array_equal(np.sort(np.concatenate(found)), expected)


@pytest.mark.parametrize("filter", ["", "  "])
def test_empty_filters(table, filter):
    for read in (table.scan, table.count):
        with pytest.raises(varve.InvalidError, match="the filter is empty"):
            read(filter=filter)


def test_versions_and_times_of_other_types(table):
    with pytest.raises(TypeError, match="version must be a whole number, not str"):
        varve.open(table.uri, version="1")
    with pytest.raises(TypeError, match="as_of must be .* not list"):
        varve.open(table.uri, as_of=[])
    with pytest.raises(varve.InvalidError, match="as_of is no time: 'yesterday'"):
        varve.open(table.uri, as_of="yesterday")
    with pytest.raises(varve.NotFoundError):
        varve.open(table.uri, as_of="2020-01-01")
    for moment in ("2100-01-01T00:00:00Z", datetime.date(2100, 1, 1), datetime.datetime(2100, 1, 1)):
        assert varve.open(table.uri, as_of=moment).version == table.version
    assert varve.open(table.uri, version=np.int64(1)).version == 1


def test_text_that_is_not_utf8(tmp_path):
    texts = pa.array([b"fine", b"a\xff"], pa.binary()).view(pa.string())
    with pytest.raises(varve.InvalidError, match="row 1: text that is not UTF-8: field 's', found byte 0xff at offset 1"):
        varve.create(tmp_path / "t", {"s": texts})
