# SPDX-License-Identifier: Apache-2.0
"""Binlogs, segments and backups of Milvus, written by tests/compat/milvus_backup.py and, where it is there, by Milvus."""

import base64
import json
import os
import pathlib
import pty
import random
import shutil
import struct
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from conftest import ROOT, VARVE, run

sys.path.insert(0, str(ROOT / "tests" / "compat"))
import milvus_backup as milvus  # noqa: E402

REAL = pathlib.Path(os.environ.get("VARVE_TEST_DATA", ROOT.parent / "shared" / "data")) / "milvus" / "v1"
SEGMENT = "insert_log/442958042415517552/442958042415517553/442958042415717570"


def row(row_id):
    return {"id": row_id, "title": milvus.title(row_id), "emb": milvus.vector(row_id), "year": 1900 if row_id < 4 else 2000 + row_id}


def log_of(backup, field, segment=milvus.OLD_SEGMENT):
    return sorted((backup / "binlogs" / "insert_log").glob(f"*/*/*/{segment}/{field}/*"))[0]


@pytest.fixture(scope="session")
def backup(tmp_path_factory):
    folder = tmp_path_factory.mktemp("milvus") / "demo"
    milvus.write(folder)
    return folder


@pytest.fixture
def copy(backup, tmp_path):
    return pathlib.Path(shutil.copytree(backup, tmp_path / "demo"))


@pytest.fixture
def two(tmp_path, monkeypatch):
    """A backup of two collections: books, and films (800) with the same ids of segments."""
    folder = tmp_path / "two"
    infos = {}
    for collection, name in ((milvus.COLLECTION, "books"), (800, "films")):
        monkeypatch.setattr(milvus, "COLLECTION", collection)
        milvus.write(folder)
        for path in sorted((folder / "meta").iterdir()):
            infos.setdefault(path, []).extend(json.loads(path.read_text())["infos"])
        infos[folder / "meta" / "collection_meta.json"][-1]["collection_name"] = name
    for path, of_both in infos.items():
        path.write_text(json.dumps({"infos": of_both}))
    return folder


@pytest.mark.parametrize("kept", ["insert_log", "delta_log"])
def test_a_collection_that_lacks_logs_is_here(two, tmp_path, kept):
    """One of its logs, of whichever kind, and it counts beside others."""
    import_all = ("import", tmp_path / "t", two, "--from", "milvus")
    last = sorted(path for path in two.glob(f"binlogs/{kept}/700/**/*") if path.is_file())[0]
    for path in two.glob("binlogs/*/700/**/*"):
        if path.is_file() and path != last:
            path.unlink()
    error = run(*import_all, code=2).err
    assert "there are several collections here" in error and "books (700), films (800)" in error
    last.unlink()
    assert "collection films (800): of the others" in run(*import_all).err
    assert run("query", tmp_path / "t", "--count").out == "8\n"


def test_import_of_a_backup(backup, tmp_path):
    done = run("import", tmp_path / "t", backup, "--from", "milvus", "-m", "from milvus", "--json").json
    assert (done["version"], done["rows"]) == (1, 8)
    assert run("head", tmp_path / "t", "-n", 20, "--json").lines == [row(i) for i in (0, 1, 3, 4, 5, 6, 7, 8)]
    fields = run("schema", tmp_path / "t", "--json").json["fields"]
    assert [(f["field_id"], f["name"], f["type"], f["primary_key"]) for f in fields] == [
        (100, "id", "Int64", True), (101, "title", "VarChar", False), (102, "emb", "FloatVector", False), (103, "year", "Int32", False)]
    assert run("history", tmp_path / "t", "--json").lines[0]["message"] == "from milvus"
    # Once more, into the table that is there: of one partition, as it was.
    again = run("import", tmp_path / "t", backup, "--from", "milvus", "--partition", "new", "--as-of", milvus.INSERTED_LATER, "--json")
    assert (again.json["version"], again.json["rows"]) == (2, 2)
    assert run("query", tmp_path / "t", "--count").out == "10\n"


def test_import_of_packed_sets(tmp_path):
    backup = tmp_path / "demo"
    milvus.write(backup, "V2")
    lines = run("segment", "ls", backup, "--json").lines
    assert [(line["segment_id"], line["storage"], line["insert_logs"]) for line in lines[:2]] == [(703, "V2", 6), (704, "V2", 3)]
    assert [f["group_id"] for f in run("segment", "info", backup, "--json").lines[0]["fields"]] == [0, 1, 102]
    run("import", tmp_path / "t", backup, "--from", "milvus")
    assert run("head", tmp_path / "t", "-n", 20, "--json").lines == [row(i) for i in (0, 1, 3, 4, 5, 6, 7, 8)]
    years = [line["year"] for line in run("segment", "cat", backup, "-c", "year", "--as-of", milvus.INSERTED_LATER, "--json").lines]
    assert years == [1900] * 4 + [2000 + i for i in range(4, 10)]
    shutil.rmtree(backup / "meta")
    assert "give the schema" in run("segment", "cat", backup, code=2).err
    [path] = sorted((backup / "binlogs" / "insert_log").glob("*/*/*/704/102/*"))
    error = run("binlog", "info", path, code=3).err
    assert "expected bcfaff00, found 50415231" in error
    assert "varve info and head read it" in error
    path.write_bytes(b"PARE" + path.read_bytes()[4:])
    assert "encrypted" in run("binlog", "info", path, code=3).err
    path.write_bytes(b'{"fieldID": 100}')
    assert "this is JSON" in run("binlog", "info", path, code=3).err


def test_rows_as_of_a_time(backup):
    ids = lambda *words: [line["id"] for line in run("segment", "cat", backup, "--json", "-c", "id", *words).lines]
    assert ids("--as-of", milvus.INSERTED - 1) == []
    assert ids("--as-of", milvus.INSERTED) == [0, 1, 2, 3]
    assert ids("--as-of", "2024-01-01 00:00:59") == [0, 1, 2, 3]
    assert ids("--as-of", "2024-01-01T00:01Z") == list(range(10))
    assert ids("--as-of", milvus.DELETED - 1) == list(range(10))
    assert ids("--as-of", milvus.DELETED) == [0, 1, 3, 4, 5, 6, 7, 8]
    assert ids() == [0, 1, 3, 4, 5, 6, 7, 8]
    assert ids("-n", 2) == [0, 1]
    assert "no time" in run("segment", "cat", backup, "--as-of", "soon", code=2).err
    # Times in other units than Milvus' would be of the seventies.
    for unit in (1, 10**3, 10**6):
        error = run("segment", "cat", backup, "--as-of", 1704067200 * unit, code=2).err
        assert "hybrid timestamp is 19" in error and "2026-11-21T04:00Z" in error
    # Nanoseconds, of the next century.
    error = run("segment", "cat", backup, "--as-of", 1704067200 * 10**9, code=2).err
    assert "hybrid timestamp is 21" in error and "2026-11-21T04:00Z" in error
    # A time to come that is nothing else, and the last there is.
    for later in (milvus.DELETED * 4 // 3, 2**64 - 1):
        assert ids("--as-of", later) == ids()
    assert ids("--as-of", 5) == []
    for action in ("ls", "info"):
        assert "--as-of goes with cat" in run("segment", action, backup, "--as-of", milvus.INSERTED, code=2).err
    assert "varve binlog reads" in run("segment", "cat", log_of(backup, 100), code=2).err
    system = run("segment", "cat", backup, "-c", "Timestamp,RowID,year", "-n", 1, "--json").lines
    assert system == [{"Timestamp": milvus.INSERTED, "RowID": 0, "year": 1900}]


def test_timestamps_have_no_sign(tmp_path):
    far = 2**63 + 100  # the column that stores it has one
    milvus.write(tmp_path / "demo", later=far)
    lines = run("segment", "cat", tmp_path / "demo", "--partition", "new", "-c", "id,Timestamp", "--json").lines
    assert lines == [{"id": 8, "Timestamp": far}, {"id": 9, "Timestamp": far}]
    assert str(far) in run("segment", "cat", tmp_path / "demo", "--partition", "new", "-c", "Timestamp").out
    assert run("segment", "cat", tmp_path / "demo", "--partition", "new", "-c", "id", "--as-of", far - 1, "--json").lines == []


def test_folders_of_a_backup(backup, tmp_path):
    folder = backup / "binlogs" / "insert_log" / str(milvus.COLLECTION)
    ids = lambda path: [line["id"] for line in run("segment", "cat", path, "--json", "-c", "id").lines]
    assert ids(folder) == [0, 1, 3, 4, 5, 6, 7, 8]
    assert run("segment", "ls", backup / "binlogs", "--json").lines == run("segment", "ls", backup, "--json").lines
    # A place of its own may have that name, too.
    shutil.copytree(backup, tmp_path / "binlogs")
    assert run("segment", "ls", tmp_path / "binlogs", "--json").lines == run("segment", "ls", backup, "--json").lines
    assert ids(folder / str(milvus.NEW)) == [8]
    assert ids(f"{folder}/{milvus.DEFAULT}/{milvus.OLD_SEGMENT}/{milvus.OLD_SEGMENT}") == [0, 1, 3, 4, 5, 6, 7]


def test_deletes_of_other_partitions_are_left_out(copy):
    logs = milvus.Backup(copy, "V1")
    logs.next_log = 9900
    path = copy / "meta" / "collection_meta.json"
    collections = json.loads(path.read_text())
    level_zero = collections["infos"][0]["l0_segments"]
    level_zero.append({"segment_id": 706, "collection_id": 700, "partition_id": 702, "is_l0": True, "deltalogs": logs.delete(702, 706, [8])})
    path.write_text(json.dumps(collections))
    segments = lambda action, name: [line["segment_id"] for line in run("segment", action, copy, "--partition", name, "--json").lines]
    ids = lambda name, **expected: [line["id"] for line in run("segment", "cat", copy, "--partition", name, "-c", "id", "--json", **expected).lines]
    assert [segments("ls", name) for name in ("_default", "new")] == [[703, 705], [704, 705, 706]]
    assert [segments("info", name) for name in ("_default", "new")] == [[703], [704, 706]]
    assert [ids(name) for name in ("_default", "new")] == [[0, 1, 3, 4, 5, 6, 7], []]
    # One that cannot be read hinders its own partition only.
    level_zero[-1] = {"segment_id": 706, "collection_id": 700, "partition_id": 702, "is_l0": True, "storage_version": 3}
    path.write_text(json.dumps(collections))
    assert ids("_default") == [0, 1, 3, 4, 5, 6, 7]
    ids("new", code=7)


def test_partitions_without_names(copy):
    (copy / "meta" / "partition_meta.json").unlink()
    assert [line["segment_id"] for line in run("segment", "ls", copy, "--partition", 702, "--json").lines] == [704, 705]
    assert [line["id"] for line in run("segment", "cat", copy, "--partition", 702, "-c", "id", "--json").lines] == [8]
    for name in ("new", -1):
        assert f"no partition '{name}'; there are: 701, 702" in run("segment", "ls", copy, "--partition", name, code=4).err


def test_places_that_are_not_there(backup, copy, tmp_path):
    folder = backup / "binlogs" / "insert_log" / str(milvus.COLLECTION)
    assert "segment 999" in run("segment", "cat", folder / str(milvus.DEFAULT) / "999", code=4).err
    assert "partition 999" in run("import", tmp_path / "t", folder / "999", "--from", "milvus", code=4).err
    assert not (tmp_path / "t").exists() or run("info", tmp_path / "t", code=4)
    # The metadata of the copy say what there was; its logs are gone.
    shutil.rmtree(copy / "binlogs")
    assert [line["segment_id"] for line in run("segment", "ls", copy, "--json").lines] == [703, 704, 705]
    assert "no such object: object 'delta_log/700/-1/705/" in run("segment", "cat", copy, "-c", "id", code=4).err


def test_segments_of_v3_hinder_nobody(copy):
    """Another collection of the same Milvus has moved on."""
    segments = json.loads((copy / "meta" / "segment_meta.json").read_text())
    segments["infos"].append({"segment_id": 803, "collection_id": 800, "partition_id": 801, "num_of_rows": 5, "storage_version": 3})
    (copy / "meta" / "segment_meta.json").write_text(json.dumps(segments))
    collections = json.loads((copy / "meta" / "collection_meta.json").read_text())
    fields = [milvus.field(100, "id", milvus.INT64, is_primary_key=True)]
    collections["infos"].append({"collection_id": 800, "collection_name": "new_books", "schema": {"fields": fields}})
    (copy / "meta" / "collection_meta.json").write_text(json.dumps(collections))
    lines = run("segment", "ls", copy, "--json").lines
    assert [(line["segment_id"], line["storage"], line["rows"]) for line in lines] == [
        (703, "V1", 8), (704, "V1", 2), (705, "V1", None), (803, "V3", 5)]
    assert len(run("segment", "cat", copy, "--collection", "books", "--json").lines) == 8
    assert "segment 803" in run("segment", "cat", copy, "--collection", "new_books", code=7).err
    known = run("segment", "info", copy, "--collection", "new_books", "--json").json
    assert (known["segment_id"], known["storage"], known["deletes"], known["fields"]) == (803, "V3", None, [])


def test_what_a_newer_milvus_has_hinders_nobody(copy):
    segments = json.loads((copy / "meta" / "segment_meta.json").read_text())
    segments["infos"].append({"segment_id": 803, "collection_id": 800, "partition_id": 801, "num_of_rows": 5, "storage_version": 4})
    (copy / "meta" / "segment_meta.json").write_text(json.dumps(segments))
    collections = json.loads((copy / "meta" / "collection_meta.json").read_text())
    fields = [milvus.field(100, "id", milvus.INT64, is_primary_key=True), milvus.field(101, "holo", 33)]
    collections["infos"].append({"collection_id": 800, "collection_name": "new_books", "schema": {"fields": fields}})
    (copy / "meta" / "collection_meta.json").write_text(json.dumps(collections))
    assert [(line["segment_id"], line["storage"]) for line in run("segment", "ls", copy, "--json").lines][-1] == (803, "V4")
    assert len(run("segment", "cat", copy, "--collection", "books", "--json").lines) == 8
    told = run("segment", "cat", copy, "--collection", "new_books", code=7).err
    assert "unknown data type" in told and "'holo'" in told and "found 33" in told
    collections["infos"][-1]["schema"]["fields"].pop()
    (copy / "meta" / "collection_meta.json").write_text(json.dumps(collections))
    told = run("segment", "cat", copy, "--collection", "new_books", code=7).err
    assert "segment 803" in told and "found V4" in told


def test_segment_ls(backup):
    lines = run("segment", "ls", backup, "--json").lines
    assert [(line["partition_id"], line["segment_id"], line["level_zero"], line["rows"], line["insert_logs"], line["delta_logs"])
            for line in lines] == [(701, 703, False, 8, 11, 1), (702, 704, False, 2, 6, 0), (-1, 705, True, None, 0, 1)]
    out = run("segment", "ls", backup).out.splitlines()
    assert out[0].split() == ["collection", "partition", "segment", "storage", "rows", "logs", "size", "deltas"]
    assert out[1].split()[:5] == ["books", "701", "703", "V1", "8"]
    assert "level 0" in out[3]


def test_segment_info(backup):
    first, second, shared = run("segment", "info", backup, "--json").lines
    assert (first["segment_id"], first["deletes"], second["deletes"]) == (703, 2, 1)
    assert (shared["segment_id"], shared["level_zero"], shared["deletes"], shared["fields"]) == (705, True, None, [])
    assert [(f["field_id"], f["name"], len(f["logs"])) for f in first["fields"]] == [
        (0, "RowID", 2), (1, "Timestamp", 2), (100, "id", 2), (101, "title", 2), (102, "emb", 2), (103, "year", 1)]
    assert first["fields"][2]["logs"][0].startswith("binlogs/insert_log/700/701/703/703/100/")
    [delta] = (backup / "binlogs" / "delta_log").glob("*/*/703/703/*")
    assert first["deltas"] == [{"logs": [str(delta.relative_to(backup))], "bytes": delta.stat().st_size, "missing": []}]
    assert (first["statistics"], first["bm25_statistics"]) == ([], [])
    out = run("segment", "info", backup, "--partition", "new").out
    assert "partition   702, new" in out and "deletes     1" in out and "703" not in out
    # All files by name.
    listed = [line.split()[0] for line in run("segment", "info", backup).out.splitlines() if line.startswith("binlogs/")]
    assert sorted(listed) == sorted(str(path.relative_to(backup)) for path in (backup / "binlogs").rglob("*") if path.is_file())


def test_logs_that_are_missing_are_marked(backup, copy):
    """What is left is shown, with what the metadata say of the rest."""
    assert [line["missing_logs"] for line in run("segment", "ls", backup, "--json").lines] == [0, 0, 0]
    title = log_of(copy, 101)
    [delta] = (copy / "binlogs" / "delta_log").glob("*/*/703/703/*")
    good = delta.read_bytes()
    title.unlink()
    delta.unlink()
    assert [line["missing_logs"] for line in run("segment", "ls", copy, "--json").lines] == [2, 0, 0]
    header, *lines = run("segment", "ls", copy).out.splitlines()
    assert header.split()[-1] == "missing" and [line.split()[-1] for line in lines] == ["2", "0", "0"]
    done = run("segment", "info", copy, "--json")
    first, second, shared = done.lines
    assert (first["deletes"], second["deletes"], shared["deletes"]) == (None, 1, None)
    # Where they should lie, without the group.
    at = lambda kind, *parts: "/".join(map(str, ("binlogs", kind, 700, 701, 703, *parts)))
    missing = {f["name"]: f["missing"] for f in first["fields"] if f["missing"]}
    assert missing == {"title": [at("insert_log", 101, title.name)]}
    assert [one["missing"] for one in first["deltas"]] == [[at("delta_log", delta.name)]]
    assert [f["missing"] for f in second["fields"]] == [[]] * 6
    [note] = done.err.splitlines()
    assert note.startswith("varve: deletes of segment 703 are not counted: no such object") and at("delta_log", delta.name) in note
    out = run("segment", "info", copy, "--partition", "_default").out
    assert "deletes     -\nmissing     2 logs\n" in out
    assert [line.split()[0] for line in out.splitlines() if line.endswith(" missing")] == [
        at("insert_log", 101, title.name), at("delta_log", delta.name)]
    # One that is damaged is there.
    delta.write_bytes(good[:-9])
    done = run("segment", "info", copy, "--json")
    assert (done.lines[0]["deletes"], done.lines[0]["missing_logs"]) == (None, 1)
    assert "event_length" in done.err and str(delta.relative_to(copy)) in done.err
    run("segment", "cat", copy, "-c", "id", code=3)


def test_segment_info_of_packed_sets(tmp_path):
    """Which fields a group has, metadata may tell; else the files do."""
    milvus.write(tmp_path / "demo", "V2")
    told = [(f["group_id"], [(field["field_id"], field["name"]) for field in f["fields"]])
            for f in run("segment", "info", tmp_path / "demo", "--json").lines[1]["fields"]]
    assert told == [(0, [(0, "RowID"), (1, "Timestamp"), (100, "id")]), (1, [(101, "title"), (103, "year")]), (102, [(102, "emb")])]
    out = run("segment", "info", tmp_path / "demo", "--partition", "new").out
    assert "    0  RowID, Timestamp, id     1" in out
    # What we export has them in the metadata, and statistics too.
    run("import", tmp_path / "t", tmp_path / "demo", "--from", "milvus")
    run("export", tmp_path / "t", tmp_path / "out", "--to", "milvus-v2")
    [segment] = run("segment", "info", tmp_path / "out", "--json").lines
    assert [(f["group_id"], sorted(field["name"] for field in f["fields"])) for f in segment["fields"]] == [
        (0, ["RowID", "Timestamp", "id"]), (1, ["title", "year"]), (102, ["emb"])]
    [statistics] = segment["statistics"]
    assert (statistics["field_id"], statistics["name"]) == (100, "id")
    assert (tmp_path / "out" / statistics["logs"][0]).stat().st_size == statistics["bytes"]
    # Without a file and without metadata that tell, nothing does.
    log_of(tmp_path / "demo", 102, milvus.NEW_SEGMENT).unlink()
    assert [len(f["fields"]) for f in run("segment", "info", tmp_path / "demo", "--json").lines[1]["fields"]] == [3, 2, 0]


def test_without_metadata(copy, tmp_path):
    shutil.rmtree(copy / "meta")
    lines = run("segment", "cat", copy, "--json", "--primary-key", "field_100").lines
    assert lines == [{"field_100": i, "field_101": milvus.title(i), "field_102": milvus.vector(i), "field_103": 2000 + i if i > 3 else None}
                     for i in (0, 1, 3, 4, 5, 6, 7, 8)]
    assert "primary key" in run("segment", "cat", copy, code=2).err
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps({"fields": [milvus.field(100, "key", milvus.INT64, is_primary_key=True)]}))
    run("import", tmp_path / "t", copy, "--from", "milvus", "--schema", schema)
    assert run("head", tmp_path / "t", "--json").lines == [{"key": i} for i in (0, 1, 3, 4, 5, 6, 7, 8)]


def as_texts(value):
    """Integers as protobuf's own JSON has those of 64 bits."""
    if isinstance(value, dict):
        return {key: as_texts(member) for key, member in value.items()}
    if isinstance(value, list):
        return [as_texts(member) for member in value]
    return str(value) if type(value) is int else value


def test_metadata_in_one_file(copy):
    """meta/full_meta.json nests what the other files list."""
    lines = run("segment", "ls", copy, "--json").lines
    rows = run("segment", "cat", copy, "--json").lines
    infos = {name: json.loads((copy / "meta" / f"{name}_meta.json").read_text())["infos"] for name in ("collection", "partition", "segment")}
    for partition in infos["partition"]:
        partition["segment_backups"] = [s for s in infos["segment"] if s["partition_id"] == partition["partition_id"]]
    [collection] = infos["collection"]
    collection["partition_backups"] = infos["partition"]
    shutil.rmtree(copy / "meta")
    (copy / "meta").mkdir()
    full = copy / "meta" / "full_meta.json"
    for form in (lambda value: value, as_texts):
        full.write_text(json.dumps(form({"name": "demo", "collection_backups": infos["collection"]})))
        assert run("segment", "ls", copy, "--json").lines == lines
        assert run("segment", "cat", copy, "--json").lines == rows
        assert run("segment", "cat", copy, "--json", "--schema", full).lines == rows
    collection["partition_backups"][0]["segment_backups"][0].pop("segment_id")
    full.write_text(json.dumps({"collection_backups": infos["collection"]}))
    error = run("segment", "ls", copy, "--json", code=3).error
    assert error["object"] == "meta/full_meta.json" and "segment_id" in error["message"]


def test_what_cannot_be_imported(backup, copy, tmp_path):
    bring = lambda *words, code: run("import", tmp_path / "t", *words, "--json", code=code).error["message"]
    assert "'binlogs/insert_log/'" in bring(tmp_path, "--from", "milvus", code=4)
    assert "did you mean 'books'" in bring(backup, "--from", "milvus", "--collection", "book", code=4)
    assert "_default, new" in bring(backup, "--from", "milvus", "--partition", "old", code=4)
    assert "another primary key" in bring(backup, "--from", "milvus", "--primary-key", "title", code=2)
    assert "--from milvus" in bring(backup, "--as-of", "7", code=2)
    assert "for files" in bring(backup, "--from", "milvus", "--format", "csv", code=2)
    (copy / "meta" / "segment_meta.json").write_text('{"infos": [{"segment_id": 703}]}')
    assert "meta/segment_meta.json" in bring(copy, "--from", "milvus", code=3)
    assert not (tmp_path / "t").exists() or run("info", tmp_path / "t", code=4)


def test_binlog_info(backup):
    path = log_of(backup, 102)
    info = run("binlog", "info", path, "--json").json
    assert (info["bytes"], info["collection_id"], info["partition_id"], info["segment_id"], info["field_id"]) == (
        path.stat().st_size, 700, 701, 703, 102)
    assert (info["type"], info["nullable"], info["original_bytes"]) == ("FloatVector", None, 64)
    assert (info["start_timestamp"], info["end_timestamp"]) == (milvus.INSERTED, milvus.INSERTED)
    [event] = info["events"]
    assert (event["type"], event["rows"], event["payload_bytes"]) == ("InsertEvent", 4, event["bytes"] - 33)
    assert event["offset"] + event["bytes"] == info["bytes"]
    assert "2024-01-01 00:00:00 UTC" in run("binlog", "info", path).out


def test_binlog_cat(backup):
    assert run("binlog", "cat", log_of(backup, 102), "--json").lines == [{"value": milvus.vector(i)} for i in range(4)]
    assert run("binlog", "cat", log_of(backup, 101), "--json", "-n", 1).lines == [{"value": "book 0"}]
    [delta] = (backup / "binlogs" / "delta_log").glob("*/*/703/703/*")
    assert run("binlog", "cat", delta, "--json").lines == [{"pk": 2, "ts": milvus.DELETED}]


def test_a_type_without_a_name_is_told_by_its_code(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(milvus.frame(b"", milvus.INDEX_FILE, 28, (700, 701, 703, 102), (1, 1), {"original_size": "0", "indexBuildID": "44"}))
    assert run("binlog", "info", path, "--json").json["type"] == "unknown (28)"
    assert "102, unknown (28)" in run("binlog", "info", path).out


@pytest.mark.parametrize("in_parquet", [False, True])
def test_binlog_cat_of_an_index_file(tmp_path, in_parquet):
    index = bytes(range(256)) * 3  # no text
    held = milvus.payload(pa.array(np.frombuffer(index, np.int8))) if in_parquet else index
    path = tmp_path / "HNSW_0"
    extras = {"original_size": str(len(index)), "indexBuildID": "44"}
    file = milvus.frame(held, milvus.INDEX_FILE, milvus.INT8 if in_parquet else milvus.NONE, (700, 701, 703, 102), (1, 1), extras)
    path.write_bytes(file)
    done = subprocess.run([VARVE, "binlog", "cat", path], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, index, b"768 bytes\n")
    facts = run("binlog", "info", path).out.splitlines()
    assert facts[2] == "segment       703" and facts[7] == "indexBuildID  44"
    assert base64.b64decode(run("binlog", "cat", path, "--json").json["value"]) == index
    assert "--limit is of rows" in run("binlog", "cat", path, "-n", 1, code=2).err
    # A terminal is not written to.
    terminal, output = pty.openpty()
    done = subprocess.run([VARVE, "binlog", "cat", path], stdout=output, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(output)
    os.close(terminal)
    assert done.returncode == 2 and "not for a terminal" in done.stderr
    path.write_bytes(file.replace(b"indexBuildID", b"indexBuildXX"))
    done = run("binlog", "cat", path, code=3)
    assert done.out == "" and "indexBuildID" in done.err


def test_a_binlog_is_no_parquet_file(backup):
    path = log_of(backup, 102)
    for command in ("head", "info", "tree", "stats", "schema"):
        error = run(command, path, "--json", code=2).error
        assert error["object"] == str(path) and "varve binlog reads it" in error["message"]


def test_binlog_verify(backup, copy):
    assert run("binlog", "verify", log_of(backup, 101)).out.startswith("ok: 4 rows in 1 event")
    path = log_of(copy, 101)
    good = path.read_bytes()
    path.write_bytes(b"PAR1" + good[4:])
    error = run("binlog", "verify", path, "--json", code=3).error
    assert (error["object"], error["offset"]) == (path.name, 0)
    assert "expected bcfaff00, found 50415231" in error["message"]
    path.write_bytes(good[:-9])
    assert "event_length" in run("binlog", "verify", path, code=3).err
    assert run("binlog", "verify", copy / "absent", code=4).out == ""


@pytest.mark.parametrize("action", ["info", "cat", "verify"])
def test_a_folder_is_no_binlog(backup, action):
    folder = log_of(backup, 101).parent
    for path in (folder, f"{folder}/"):
        assert "this is a folder and no binlog: varve segment ls" in run("binlog", action, path, code=2).err


def test_verify_decodes_index_files(tmp_path):
    """Their frame is sound, and what is in them is not read by info."""
    extras = b'{"indexBuildID":"9","original_size":"5"}'
    ids = struct.pack("<4q", 1, 2, 3, 100)

    def index_file(payload_type, extras, payload):
        front = struct.pack("<QbiiQQ", 0, 7, 33 + len(payload), -1, 1, 1) + payload
        fixed = ids + struct.pack("<QQi", 0, 0, payload_type) + bytes([52, *[16] * 7])
        path = tmp_path / "index"
        path.write_bytes(struct.pack("<iQbii", 0x00FFFABC, 0, 0, 81 + len(extras), 85 + len(extras)) + fixed + struct.pack("<i", len(extras)) + extras + front)
        return path

    assert run("binlog", "verify", index_file(0, extras, b"hello")).out == "ok: an index file of 1 event, its payload decoded\n"
    assert run("binlog", "verify", index_file(0, extras, b"hello"), "--json").json["rows"] == 0
    assert "indexBuildID" in run("binlog", "verify", index_file(0, b'{"original_size":"5"}', b"hello"), code=3).err
    assert "payload" in run("binlog", "verify", index_file(2, extras, b"hello"), code=3).err
    assert "expected 0, 2 or 20, found 11" in run("binlog", "verify", index_file(11, extras, b"hello"), code=7).err


def test_damage_is_told(copy):
    """Cut anywhere, each log is an error that names it."""
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    logs = sorted((copy / "binlogs").rglob("*"))
    for path in chance.sample([path for path in logs if path.is_file()], 8):
        good = path.read_bytes()
        path.write_bytes(good[:chance.randrange(len(good))])
        error = run("segment", "cat", copy, "-c", "RowID,id,title,emb,year", "--json", code=3).error
        assert error["object"].split(" ")[0] == str(path.relative_to(copy)), error
        path.write_bytes(good)


@pytest.mark.skipif(not REAL.exists(), reason=f"no data in {REAL}")
def test_a_real_backup(tmp_path):
    listed = {line["collection"]: line for line in run("segment", "ls", REAL, "--json").lines}
    assert {name: line["missing_logs"] > 0 for name, line in listed.items()} == {"hello_milvus": False, "hello_milvus2": True}
    lost = run("segment", "info", REAL, "--collection", "hello_milvus2", "--json").lines[0]
    assert all(f["missing"] == f["logs"] for f in lost["fields"]) and lost["fields"]
    done = run("import", tmp_path / "t", REAL, "--from", "milvus")  # of the other collection only the metadata are there
    assert "collection hello_milvus (442958042415517552)" in done.err
    columns = ("--columns", "pk,Timestamp", "--json", "-q")
    times = run("segment", "cat", REAL / SEGMENT, *columns).lines
    assert len(times) == 2990 and {line["Timestamp"] for line in times} == {442959097209290755}
    run("export", tmp_path / "t", tmp_path / "out", "--to", "milvus-v2")
    assert run("query", tmp_path / "t", *columns).lines == run("segment", "cat", tmp_path / "out", *columns).lines == times
    rows = run("query", tmp_path / "t", "--json").lines
    assert [r["pk"] for r in rows] == list(range(10, 3000))
    assert [r["var"] for r in rows] == [str(i) for i in range(10, 3000)]
    before = run("segment", "cat", REAL / SEGMENT, "--as-of", 442959097209290755, "--json", "-q").lines
    assert before[10:] == rows
    # Field by field, what the logs have.
    for field, name in ((100, "pk"), (101, "random"), (102, "var"), (103, "embeddings")):
        [path] = (REAL / SEGMENT / str(field)).iterdir()
        assert [line["value"] for line in run("binlog", "cat", path, "--json").lines] == [r[name] for r in before]


def test_export_to_milvus_and_back(tmp_path):
    rows = [{"id": i, "title": f"row {i}" if i % 3 else None, "emb": [i, 0.5, -1, 2], "tags": ["x"] * (i % 4)} for i in range(500)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    run("import", tmp_path / "books", tmp_path / "rows.jsonl", "--primary-key", "id")
    done = run("export", tmp_path / "books", tmp_path / "out", "--to", "milvus-v2", "--json").json
    assert (done["format"], done["collection"], done["segments"], done["rows"]) == ("milvus-v2", "books", 1, 500)
    assert [line["storage"] for line in run("segment", "ls", tmp_path / "out", "--json").lines] == ["V2"]
    run("import", tmp_path / "again", tmp_path / "out", "--from", "milvus")
    assert run("head", tmp_path / "again", "-n", 600, "--json").lines == rows
    # What is there stays; some columns, some rows, another name and another key.
    assert "there is a backup" in run("export", tmp_path / "books", tmp_path / "out", "--to", "milvus-v2", code=5).err
    run("export", tmp_path / "again", tmp_path / "some", "--to", "milvus-v2", "--collection", "few", "--columns", "emb,id",
        "--filter", "id < 3")
    run("import", tmp_path / "few", tmp_path / "some", "--from", "milvus", "--collection", "few")
    assert run("head", tmp_path / "few", "--json").lines == [{"emb": r["emb"], "id": r["id"]} for r in rows[:3]]


HIGH = (1 << 63) + 5


@pytest.mark.parametrize("version", ["V1", "V2"])
@pytest.mark.parametrize("later", [milvus.INSERTED_LATER, HIGH])
def test_timestamps_are_kept(tmp_path, version, later):
    """From Milvus into a table with rows of its own, and back. From 2^63 on they are negative numbers."""
    table, times = tmp_path / "t", {i: milvus.INSERTED if i < 4 else milvus.signed(later) for i in (0, 1, 3, 4, 5, 6, 7, 8, 9)}
    if later < HIGH:
        del times[9]  # else inserted after its delete
    milvus.write(tmp_path / "demo", version, later)
    (tmp_path / "own.jsonl").write_text(json.dumps(row(20)) + "\n")
    run("import", table, tmp_path / "demo", "--from", "milvus")
    run("import", table, tmp_path / "own.jsonl")
    columns = ("--columns", "id,Timestamp,RowID", "--json")
    shown = [{"id": i, "Timestamp": time, "RowID": at} for at, (i, time) in enumerate(times.items())]
    *brought, own = run("head", table, "-n", 20, *columns).lines
    assert brought == shown
    assert (own["id"], own["RowID"]) == (20, len(shown))
    assert milvus.INSERTED_LATER < own["Timestamp"] < HIGH
    assert run("take", table, len(shown), 4, 0, *columns).lines == [own, shown[4], shown[0]]
    assert run("take", table, "--row-ids", 4, len(shown), *columns).lines == [shown[4], own]
    before = [line for line in shown if line["Timestamp"] <= milvus.INSERTED]
    assert run("query", table, "--filter", f"Timestamp <= {milvus.INSERTED}", *columns).lines == before
    assert run("query", table, "--filter", f"Timestamp = {milvus.signed(later)}", "--count").out == f"{len(shown) - 3}\n"
    assert run("head", table, "-n", 20, "--json").lines == [row(i) for i in times] + [row(20)]
    assert run("verify", table, "--deep").code == 0

    run("export", table, tmp_path / "out", "--to", "milvus-v2")
    run("import", tmp_path / "again", tmp_path / "out", "--from", "milvus")
    for words in (("segment", "cat", tmp_path / "out"), ("head", tmp_path / "again", "-n", 20)):
        lines = run(*words, "--columns", "id,Timestamp", "--json").lines
        # Of a segment they are shown as Milvus means them.
        assert [(line["id"], line["Timestamp"] % 2**64) for line in lines] == [
            (line["id"], line["Timestamp"] % 2**64) for line in [*shown, own]]


def test_the_commit_timestamp_of_a_segment_is_that_of_its_rows(tmp_path):
    committed = milvus.hybrid(180)
    milvus.write(tmp_path / "demo", commit_timestamp=committed)
    run("import", tmp_path / "t", tmp_path / "demo", "--from", "milvus")
    shown = run("query", tmp_path / "t", "--filter", "id > 6", "--columns", "id,Timestamp", "--json").lines
    # Row 9 was committed after its delete.
    assert shown == [{"id": 7, "Timestamp": milvus.INSERTED_LATER}, {"id": 8, "Timestamp": committed}, {"id": 9, "Timestamp": committed}]


def test_rows_of_a_table_are_exported_with_the_times_of_their_commits(tmp_path):
    for i in range(2):
        (tmp_path / "row.jsonl").write_text(json.dumps({"id": i}) + "\n")
        run("import", tmp_path / "t", tmp_path / "row.jsonl", *(["--primary-key", "id"] if i == 0 else []))
    times = run("head", tmp_path / "t", "--columns", "id,Timestamp", "--json").lines
    assert times[0]["Timestamp"] < times[1]["Timestamp"]
    run("export", tmp_path / "t", tmp_path / "out", "--to", "milvus-v2", "--columns", "id")
    assert run("segment", "cat", tmp_path / "out", "--columns", "id,Timestamp", "--json").lines == times


def test_a_nullable_column_becomes_the_key_of_an_export(tmp_path):
    rows = [{"id": 1, "title": "a"}, {"id": 2, "title": None}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("import", tmp_path / "t", tmp_path / "rows.jsonl")
    run("export", tmp_path / "t", tmp_path / "out", "--to", "milvus-v2", "--primary-key", "id")
    assert run("segment", "cat", tmp_path / "out", "--json").lines == rows
    told = run("export", tmp_path / "t", tmp_path / "other", "--to", "milvus-v2", "--primary-key", "title", code=2).err
    assert "row 1" in told and "null" in told and "'title'" in told
    assert [path for path in (tmp_path / "other").rglob("*") if path.is_file()] == []


def test_export_of_no_rows(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"id": 1, "title": "a"}\n')
    run("import", tmp_path / "t", tmp_path / "rows.jsonl", "--primary-key", "id")
    run("export", tmp_path / "t", tmp_path / "out", "--to", "milvus-v2", "--filter", "id > 1")
    assert run("segment", "ls", tmp_path / "out", "--json").lines == []
    run("import", tmp_path / "again", tmp_path / "out", "--from", "milvus")
    assert [f["name"] for f in run("schema", tmp_path / "again", "--json").json["fields"]] == ["id", "title"]
    assert run("query", tmp_path / "again", "--count").out == "0\n"


def test_what_cannot_be_exported_to_milvus(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"id": 1, "n": 2.5}\n')
    run("import", tmp_path / "t", tmp_path / "rows.jsonl")
    out = tmp_path / "out"
    assert "without a primary key" in run("export", tmp_path / "t", out, "--to", "milvus-v2", code=2).err
    assert "did you mean 'id'" in run("export", tmp_path / "t", out, "--to", "milvus-v2", "--primary-key", "ids", code=2).err
    assert "--force" in run("export", tmp_path / "t", out, "--to", "milvus-v2", "--force", code=2).err
    assert "milvus-v2" in run("export", tmp_path / "t", out, "--to", "milvus-v9", code=2).err
    assert not (out / "meta").exists()


def test_names_and_places_of_an_export(backup, tmp_path):
    table, out = tmp_path / "books-2024", tmp_path / "out"
    run("import", table, backup, "--from", "milvus")
    before = sorted(tmp_path.rglob("*"))
    assert "letters, digits" in run("export", table, out, "--to", "milvus-v2", "--collection", "a b", code=2).err
    assert "there is a table" in run("export", table, table, "--to", "milvus-v2", code=5).err
    assert sorted(path for path in tmp_path.rglob("*") if path != out) == before
    assert run("export", table, out, "--to", "milvus-v2", "--json").json["collection"] == "books_2024"
    logs = tmp_path / "logs"
    shutil.copytree(backup / "binlogs", logs / "binlogs")
    assert "logs of Milvus" in run("export", table, logs, "--to", "milvus-v2", code=5).err
    assert not (logs / "meta").exists()


def test_options_that_would_do_nothing_are_refused(backup, tmp_path):
    for words, message in [
            (["segment", "ls", backup, "--columns", "id"], "--columns goes with cat"),
            (["segment", "info", backup, "-n", "3"], "--limit goes with cat"),
            (["segment", "ls", backup, "--primary-key", "id"], "--primary-key goes with info and cat"),
            (["binlog", "info", log_of(backup, 100), "--limit", "3"], "--limit goes with cat"),
            (["export", backup, tmp_path / "rows.csv", "--collection", "books"], "--collection goes with --to"),
            (["export", backup, tmp_path / "rows.csv", "--primary-key", "id"], "--primary-key goes with --to")]:
        assert message in run(*words, code=2).err
