# SPDX-License-Identifier: Apache-2.0
"""Tables: creating, appending, versions, taking and scanning, compared with pyarrow on the same rows."""

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from conftest import DIM, make_rows, plain

import varve


def test_scan_gives_what_was_written(table, rows):
    assert plain(table.scan()).equals(plain(rows))


def test_scan_of_columns_keeps_their_order(table, rows):
    assert plain(table.scan(["label", "id"])).equals(plain(rows.select(["label", "id"])))


def test_scan_is_read_anew_each_time(table, rows):
    scan = table.scan(["id"])
    for _ in range(3):
        assert np.array_equal(scan.to_numpy("id"), rows["id"].to_numpy())


@pytest.mark.parametrize("filter, mask", [
    ("label = 7", lambda t: pc.equal(t["label"], 7)),
    ("label < 10 AND id >= 1000", lambda t: pc.and_(pc.less(t["label"], 10), pc.greater_equal(t["id"], 1000))),
    ("ts >= 1700000037000 AND ts < 1700000074000",
     lambda t: pc.and_(pc.greater_equal(t["ts"], 1700000037000), pc.less(t["ts"], 1700000074000))),
    ("text = 'row 19999'", lambda t: pc.equal(t["text"], "row 19999")),
    ("score > 0.99", lambda t: pc.greater(t["score"], 0.99)),
])
def test_filter_agrees_with_pyarrow(table, rows, filter, mask):
    expected = rows.filter(mask(rows))
    assert expected.num_rows > 0
    assert plain(table.scan(filter=filter)).equals(plain(expected))
    assert table.count(filter) == expected.num_rows


@pytest.mark.parametrize("expression", [
    pc.field("label") == 7,
    pc.field("label") != 7,
    (pc.field("label") < 10) & (pc.field("id") >= 1000),
    (pc.field("score") > 0.99) | (pc.field("text") == "row 19999"),
    ~(pc.field("label").isin([1, 2, 3])),
    pc.field("score").is_null(),
    pc.field("text").is_valid() & (pc.field("id") <= 30),
    pc.field("flag"),
    pc.starts_with(pc.field("text"), "row 12"),  # nothing of ours: Arrow evaluates it
    pc.field("id") * 2 > pc.field("ts") - 1_700_000_000_000 - 350_000,
])
def test_expressions_of_pyarrow_are_filters(table, rows, expression):
    expected = rows.filter(expression)
    assert expected.num_rows > 0
    assert plain(table.scan(filter=expression)).equals(plain(expected))
    assert table.count(expression) == expected.num_rows


def test_one_column_by_its_name(table, rows):
    assert plain(table.scan("label")).equals(plain(rows.select(["label"])))
    assert plain(table.take([3, 1], columns="label")).equals(plain(rows.select(["label"]).take([3, 1])))
    assert table.scan(("id", "label")).schema.names == ["id", "label"]


def test_no_columns_still_count(table, rows):
    scan = table.scan(columns=[], filter="label = 7")
    assert scan.schema.names == [] and scan.to_arrow().num_columns == 0
    assert scan.to_arrow().num_rows == pa.table(scan).num_rows == sum(len(batch) for batch in scan) == table.count("label = 7")
    assert table.take([5, 17, 5], columns=[]).to_arrow().num_rows == 3
    assert repr(table.take([5], columns=[])) == "<varve.Rows: 1 rows of no columns>"


def test_limit_and_batch_size(table, rows):
    assert plain(table.scan(limit=17)).equals(plain(rows.slice(0, 17)))
    assert table.scan(limit=0).to_arrow().num_rows == 0
    sizes = [len(batch) for batch in table.scan(["id"], batch_size=1000)]
    assert sum(sizes) == rows.num_rows and max(sizes) <= 1000


def test_random_takes_agree_with_pyarrow(table, rows):
    seed = int(np.random.default_rng().integers(1 << 32))
    random = np.random.default_rng(seed)
    for count in (1, 10, 1000):
        picked = random.integers(0, rows.num_rows, count)  # any order, some twice
        assert plain(table.take(picked)).equals(plain(rows.take(picked))), f"seed {seed}"


def test_takes_of_no_rows_have_all_columns(table, rows):
    taken = table.take([])
    assert taken.to_arrow().num_rows == 0
    assert taken.schema.names == rows.column_names
    assert taken.to_numpy("emb").shape == (0, DIM)


def test_vectors_come_as_two_dimensions_without_a_copy(table, rows):
    expected = np.stack(rows["emb"].combine_chunks().to_numpy(zero_copy_only=False))
    taken = table.take([5, 17, 5], columns=["emb"])
    vectors = taken.to_numpy("emb")
    assert vectors.dtype == np.float32 and vectors.shape == (3, DIM) and not vectors.flags.writeable
    assert np.array_equal(vectors, expected[[5, 17, 5]])
    assert np.shares_memory(vectors, taken.to_numpy("emb"))
    whole = table.scan(["emb"]).to_numpy("emb")
    del taken
    assert np.array_equal(whole, expected)


def test_results_outlive_what_they_came_from(tmp_path, rows):
    values = varve.create(tmp_path / "t", rows.slice(0, 100)).scan(["emb"]).to_numpy("emb")
    assert np.array_equal(values[99], rows["emb"][99].values.to_numpy())


def test_take_by_row_id(table, rows):
    ids = table.scan(["RowID"]).to_numpy("RowID")
    picked = [19_999, 0, 15_000]
    taken = table.take_row_ids(ids[picked], columns=["id"])
    assert taken.to_numpy("id").tolist() == picked
    with pytest.raises(varve.NotFoundError):
        table.take_row_ids([int(ids.max()) + 1])


def test_versions_are_kept_and_can_be_opened(tmp_path):
    first, second = make_rows(100), make_rows(50, first=100)
    table = varve.create(tmp_path / "t", first)
    assert (table.version, len(table)) == (1, 100)
    other = varve.open(tmp_path / "t")
    assert table.append(second, message="more") == 2
    assert (table.version, len(table), table.count()) == (2, 150, 150)
    assert (other.version, len(other)) == (1, 100)
    assert other.refresh() == 2 and len(other) == 150

    old = varve.open(tmp_path / "t", version=1)
    assert plain(old.scan()).equals(plain(first)) and old.refresh() == 1
    history = table.versions()
    assert [(v.version, v.operation, v.rows_added, v.num_rows, v.message) for v in history] == [
        (2, "append", 50, 150, "more"), (1, "create", 100, 100, "")]
    assert [v.version for v in table.versions(limit=1)] == [2]
    age = datetime.datetime.now(datetime.timezone.utc) - history[0].committed
    assert datetime.timedelta(0) <= age < datetime.timedelta(hours=1)
    assert varve.open(tmp_path / "t", as_of=history[1].committed).version == 1
    assert varve.open(tmp_path / "t", as_of=history[0].commit_micros).version == 2
    with pytest.raises(varve.NotFoundError):
        varve.open(tmp_path / "t", version=3)
    with pytest.raises(varve.NotFoundError):
        varve.open(tmp_path / "t", as_of=datetime.datetime(2001, 1, 1))


def test_a_table_without_rows(tmp_path, rows):
    table = varve.create(tmp_path / "t", rows.schema)
    assert len(table) == 0 and table.scan().to_arrow().num_rows == 0
    table.append(rows.slice(0, 10))
    assert plain(varve.open(tmp_path / "t").scan()).equals(plain(rows.slice(0, 10)))


def test_the_first_version_has_its_rows_and_a_message(tmp_path, rows):
    for name, more in (("t", {}), ("u", {"layout": {"emb": "list"}}), ("v", {"primary_key": "id"})):
        made = varve.create(tmp_path / name, rows.slice(0, 10), message="the first", **more)
        assert [(v.version, v.operation, v.rows_added, v.message) for v in made.versions()] == [(1, "create", 10, "the first")]
    empty = varve.create(tmp_path / "w", rows.schema, message="no rows yet")
    assert [(v.version, v.num_rows, v.message) for v in empty.versions()] == [(1, 0, "no rows yet")]


def test_schema_crosses_to_arrow(table, rows):
    assert table.schema.names == rows.column_names
    assert "emb" in table.schema and "other" not in table.schema
    assert len(table.schema) == len(rows.schema)
    assert pa.schema(table.schema).field("label").type == pa.int32()
    assert table.schema == varve.open(table.uri).schema
    assert table.schema != rows.schema.remove(0)


def test_layouts(tmp_path, rows):
    for layout in ("fixed", "list", "compact"):
        table = varve.create(tmp_path / layout, rows, layout={"emb": layout})
        assert table.version == 1
        assert plain(table.scan()).equals(plain(rows))
        assert plain(table.take([3, 19_999, 3])).equals(plain(rows.take([3, 19_999, 3])))
    with pytest.raises(varve.InvalidError, match="fixed, list or compact"):
        varve.create(tmp_path / "t", rows, layout={"emb": "quick"})
    with pytest.raises(varve.InvalidError, match="other"):
        varve.create(tmp_path / "t", rows, layout={"other": "list"})


def test_lists_that_are_no_vectors_are_warned_of(tmp_path):
    ragged = pa.table({"v": pa.array([[1.5, 2], [2.5]], pa.list_(pa.float32())), "w": pa.array([[1.5, 3], [2, 4]], pa.list_(pa.float32()))})
    with pytest.warns(UserWarning, match="'v' is stored as lists, not as vectors") as caught:
        table = varve.create(tmp_path / "t", ragged)
    assert len(caught) == 1 and caught[0].filename == __file__
    assert table.schema.to_arrow().field("w").type.list_size == 2
    assert table.scan().to_arrow()["v"].to_pylist() == [[1.5, 2], [2.5]]


def test_verify_finds_nothing_then_the_damage(tmp_path, rows):
    table = varve.create(tmp_path / "t", rows)
    assert table.verify() == [] and table.verify(deep=True) == []
    file = max((tmp_path / "t" / "data").iterdir(), key=lambda f: f.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)
    problems = varve.open(tmp_path / "t").verify(deep=True)
    assert problems and file.name in problems[0]


def test_primary_key(tmp_path, rows):
    made = varve.create(tmp_path / "t", rows.select(["id", "emb"]), primary_key="id")
    assert len(made) == rows.num_rows
    with pytest.raises(varve.InvalidError, match="score"):
        varve.create(tmp_path / "u", rows, primary_key="score")


def times_of(table):
    return table.scan(["Timestamp"]).to_numpy("Timestamp").tolist()


@pytest.mark.parametrize("layout", [None, {"emb": "list"}])
def test_rows_keep_the_times_that_they_bring(tmp_path, rows, layout):
    first = rows.slice(0, 3)
    kept = [7, 1 << 62, -1]  # -1 is the last of all, 2**64 - 1
    with_times = first.add_column(1, "Timestamp", pa.array(kept, pa.int64()))
    made = varve.create(tmp_path / "t", with_times, primary_key="id", layout=layout, keeps_timestamps=True)
    assert made.schema.names == rows.column_names
    assert times_of(made) == kept
    assert made.append(with_times, keeps_timestamps=True) == 2
    assert made.append(first) == 3
    read = varve.open(tmp_path / "t")
    assert plain(read.scan()).equals(plain(pa.concat_tables([first] * 3)))
    times = times_of(read)
    assert times[:6] == kept * 2
    # The table's clock follows neither a time of the far future, nor one of the past.
    commit_millis = read.versions()[0].commit_micros // 1000
    assert commit_millis <= times[6] >> 18 < (1 << 62) >> 18
    assert times[6:] == [times[6]] * 3
    assert read.count("Timestamp = -1") == 2
    for options, data, words in [({}, with_times, "unknown column"), ({"keeps_timestamps": True}, first, "missing column")]:
        with pytest.raises(varve.InvalidError, match=words) as error:
            made.append(data, **options)
        assert error.value.field == "Timestamp"
    with pytest.raises(varve.InvalidError, match="reserved field name"):
        varve.create(tmp_path / "u", with_times)


def test_tables_are_made_and_opened_without_maps_and_with_a_deadline(tmp_path, rows):
    made = varve.create(tmp_path / "t", rows, map_files=False, commit_deadline=300)
    made.append(rows, message="again")
    read = varve.open(tmp_path / "t", map_files=False, commit_deadline=0.5)
    for each in (made, read):
        assert plain(each.scan()).equals(plain(pa.concat_tables([rows, rows])))
        assert plain(each.take([len(rows) - 1, 0])).equals(plain(rows.take([len(rows) - 1, 0])))


@pytest.mark.parametrize("deadline", [0, -1, 0.0001])
def test_a_commit_needs_time(tmp_path, rows, deadline):
    with pytest.raises(varve.InvalidError, match="commit_deadline"):
        varve.create(tmp_path / "t", rows, commit_deadline=deadline)
    assert not (tmp_path / "t").exists()
