# SPDX-License-Identifier: Apache-2.0
"""Every subcommand, for people and as JSON."""

import csv
import io
import json
import shlex
import subprocess

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from conftest import DIMENSION, NUM_ROWS, VARVE, run

COMMANDS = ["quickstart", "create", "import", "export", "info", "schema", "history", "tree", "stats", "head", "take", "query",
            "verify", "segment", "binlog", "doctor", "bench", "completion", "version"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples(command):
    for words in ([command, "--help"], ["help", command]):
        out = run(*words).out
        assert f"Usage: varve {command}" in out
        assert f"varve {command}" in out.split("Examples:")[1]
        assert "--json" in out


def test_top_level_help_lists_every_command():
    out = run("--help").out
    for command in COMMANDS:
        assert f"  {command} " in out
    assert run(code=2).out == out


def test_version():
    assert run("version").out.startswith("varve 0.")
    assert run("--version").out == run("version").out
    assert run("version", "--json").json["arrow"] == pa.cpp_version


def test_quickstart(tmp_path):
    done = run("quickstart", cwd=tmp_path)
    assert done.out == ""
    assert "1,000 rows" in done.err and "varve head ./varve-quickstart -n 3" in done.err
    assert run("info", tmp_path / "varve-quickstart", "--json").json["rows"] == 1000
    # The same rows on every machine, and labels that filters can name.
    assert run("query", tmp_path / "varve-quickstart", "--filter", "label = 7", "--count").out == "100\n"
    again = run("quickstart", "other", "--json", cwd=tmp_path).json
    assert (again["version"], again["rows"]) == (1, 1000)
    heads = [run("head", tmp_path / name, "--json").out for name in ("varve-quickstart", "other")]
    assert heads[0] == heads[1]
    assert run("quickstart", code=5, cwd=tmp_path).out == ""


def test_create_and_append(tmp_path):
    made = run("create", tmp_path / "t", "--field", "id:Int64", "--field", "name:VarChar:null", "--field", "v:FloatVector:2",
               "--primary-key", "id", "--json").json
    assert (made["version"], made["columns"]) == (1, 3)
    fields = run("schema", tmp_path / "t", "--json").json["fields"]
    assert [(f["name"], f["type"], f["nullable"], f["primary_key"]) for f in fields] == [
        ("id", "Int64", False, True), ("name", "VarChar", True, False), ("v", "FloatVector", False, False)]
    assert fields[2]["dim"] == 2
    lines = '{"id": 1, "name": "one", "v": [0.5, 1]}\n{"id": 2, "name": null, "v": [2, -3.25]}\n'
    done = run("import", tmp_path / "t", "-", "--format", "jsonl", "--json", stdin=lines).json
    assert (done["version"], done["rows"]) == (2, 2)
    assert run("head", tmp_path / "t", "--json").lines == [json.loads(line) for line in lines.splitlines()]
    run("create", tmp_path / "t", "--field", "id:Int64", code=5)


def test_create_like(tmp_path, parquet):
    run("create", tmp_path / "t", "--like", parquet, "--primary-key", "id")
    assert run("schema", tmp_path / "t", "--json").json["fields"][5]["dim"] == DIMENSION
    assert run("info", tmp_path / "t", "--json").json["rows"] == 0


def test_info(table, parquet):
    info = run("info", table, "--json").json
    assert (info["kind"], info["version"], info["rows"], info["columns"]) == ("table", 2, 2 * NUM_ROWS, 6)
    assert (info["operation"], info["message"], info["segments"]) == ("append", "once more", 2)
    assert info["bytes"] > 0 and info["files"] >= 2
    out = run("info", table).out
    assert "rows        1,000\n" in out and "once more" in out
    old = run("info", table, "--version", 1, "--json").json
    assert (old["version"], old["rows"]) == (1, NUM_ROWS)
    file = run("info", parquet, "--json").json
    assert (file["kind"], file["rows"], file["row_groups"], file["bytes"]) == ("file", NUM_ROWS, 3, parquet.stat().st_size)


def test_schema(table, parquet):
    fields = run("schema", table, "--json").json["fields"]
    assert [f["field_id"] for f in fields] == list(range(100, 106))
    assert fields[5] | {"field_id": 105, "name": "embedding", "type": "FloatVector", "dim": DIMENSION} == fields[5]
    assert "FloatVector(16)" in run("schema", table).out
    names = [f["name"] for f in run("schema", parquet, "--json").json["fields"]]
    assert names == ["id", "label", "title", "score", "tags", "embedding"]


def test_history(table):
    versions = run("history", table, "--json").lines
    assert [(v["version"], v["rows_added"], v["rows"], v["message"]) for v in versions] == [
        (2, NUM_ROWS, 2 * NUM_ROWS, "once more"), (1, NUM_ROWS, NUM_ROWS, "")]
    assert versions[0]["committed"] >= versions[1]["committed"]
    assert "once more" in run("history", table).out
    assert len(run("history", table, "-n", 1, "--json").lines) == 1


def test_as_of(table):
    first = run("history", table, "--json").lines[1]["committed"]
    assert run("info", table, "--as-of", first, "--json").json["version"] == 1
    assert run("info", table, "--as-of", "2999-01-01", "--json").json["version"] == 2
    run("info", table, "--as-of", "1d", code=4)
    assert "is no time" in run("info", table, "--as-of", "soon", code=2).err


@pytest.mark.parametrize("what", ["table", "parquet"])
def test_head(what, request, rows):
    source = request.getfixturevalue(what)
    assert run("head", source, "-n", 3, "--json").lines == rows.slice(0, 3).to_pylist()
    assert len(run("head", source, "--json").lines) == 10
    out = run("head", source, "-n", 2, "--columns", "title,id").out.splitlines()
    assert [line.split() for line in out] == [["title", "id"], ["title", "0", "0"], ["title", "1", "1"]]
    assert ", … 16]" in run("head", source, "-n", 1).out


@pytest.mark.parametrize("what", ["table", "parquet"])
def test_take(what, request, rows):
    source = request.getfixturevalue(what)
    taken = run("take", source, 499, 5, 499, "--json").lines
    assert taken == rows.take([499, 5, 499]).to_pylist()
    assert run("take", source, 7, "--columns", "id", "--json").lines == [{"id": 7}]
    run("take", source, 100000, code=2)


def test_take_by_row_id(table):
    ids = [line["RowID"] for line in run("query", table, "--columns", "RowID", "--limit", 3, "--json").lines]
    assert [r["id"] for r in run("take", table, *reversed(ids), "--row-ids", "--json").lines] == [2, 1, 0]
    run("take", table, 10**12, "--row-ids", code=4)


def test_query(table, rows):
    expected = [r for r in rows.to_pylist() if r["label"] == 7 and r["score"] >= 50] * 2
    done = run("query", table, "--filter", "label = 7 AND score >= 50", "--json")
    assert done.lines == expected
    assert f"{len(expected)} rows" in done.err
    assert run("query", table, "--filter", "label = 7", "--columns", "id", "-n", 2, "--json").lines == [{"id": 7}, {"id": 17}]
    assert run("query", table, "--filter", "title IS NULL", "--count").out == "20\n"
    assert run("query", table, "--filter", "label = 7", "--count", "--json").json == {"version": 2, "rows": 100}
    assert run("query", table, "--filter", "label = ", code=2).out == ""


def test_tree(table, parquet):
    tree = run("tree", table, "--json").json
    assert [s["rows"] for s in tree["segments"]] == [NUM_ROWS, NUM_ROWS]
    columns = {}
    for group in tree["segments"][0]["column_groups"]:
        assert group["bytes"] == (table / group["file"]).stat().st_size
        metadata = pq.ParquetFile(table / group["file"]).metadata
        for number, row_group in enumerate(group["row_groups"]):
            for i, column in enumerate(row_group["columns"]):
                chunk = metadata.row_group(number).column(i)
                assert (column["column"], column["bytes"]) == (chunk.path_in_schema, chunk.total_compressed_size)
                columns[column["column"]] = column
    assert columns["embedding"]["encodings"] == ["PLAIN"] and columns["embedding"]["compression"] == "none"
    out = run("tree", table).out
    for word in ("version 2", "segment", "column group 0", ".parquet", "row group 0", "FIXED_LEN_BYTE_ARRAY(64)"):
        assert word in out
    assert "row group" not in run("tree", table, "--depth", 2).out
    file = run("tree", parquet, "--json").json
    assert [g["rows"] for g in file["segments"][0]["column_groups"][0]["row_groups"]] == [200, 200, 100]
    assert "row group 2" in run("tree", parquet, "--all").out


@pytest.mark.parametrize("flags", [[], ["--scan"]])
def test_stats(table, parquet, flags, vectors):
    for source, factor in ((table, 2), (parquet, 1)):
        columns = {c["column"]: c for c in run("stats", source, *flags, "--json").json["columns"]}
        assert (columns["id"]["min"], columns["id"]["max"], columns["id"]["values"]) == (0, 499, factor * NUM_ROWS)
        assert columns["title"]["nulls"] == factor * 10
        assert (columns["score"]["min"], columns["score"]["max"]) == (0.0, 124.75)
        if flags:
            norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
            found = columns["embedding"]["vector_length"]
            assert found["min"] == pytest.approx(norms.min()) and found["max"] == pytest.approx(norms.max())
            assert found["mean"] == pytest.approx(norms.mean()) and found["non_finite"] == 0
    assert run("stats", table, *flags, "--columns", "label").out.splitlines()[1].split()[:3] == ["label", "1,000", "0"]


def test_verify(table, parquet):
    for source in (table, parquet):
        for flags in ([], ["--deep"]):
            assert run("verify", source, *flags).out.startswith("ok: ")
            assert run("verify", source, *flags, "--json").json["problems"] == []


def test_doctor(tmp_path):
    report = run("doctor", tmp_path / "not-yet", "--json").json
    outcomes = {c["check"]: c for c in report["checks"]}
    assert outcomes["commit race"]["outcome"] == "ok" and "1 winner" in outcomes["commit race"]["finding"]
    assert outcomes["write and read"]["outcome"] == "ok"
    assert list(tmp_path.iterdir()) == []
    assert "commit race" in run("doctor", cwd=tmp_path).out
    assert list(tmp_path.iterdir()) == []


def test_bench(table, parquet):
    report = run("bench", table, "--repeat", 2, "--json").json
    names = [m["name"] for m in report["measurements"]]
    assert names == ["take 100 random rows of embedding", "take 1,000 random rows of embedding", "scan embedding",
                     "scan 3 scalar columns"]
    for m in report["measurements"][:3]:
        assert m["ratio"] == pytest.approx(m["seconds"] / m["pread_seconds"])
        assert m["bytes"] == m["rows"] * DIMENSION * 4
    out = run("bench", table, "--repeat", 1)
    assert "ratio" in out.out.splitlines()[0] and "page cache warm" in out.err
    done = run("bench", parquet, "--repeat", 1, "--json")
    assert "no floor" in done.err
    assert "ratio" not in done.json["measurements"][0]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell):
    script = run("completion", shell).out
    for command in COMMANDS:
        assert command in script
    assert "--primary-key" in script or "-l primary-key" in script
    assert run("completion", shell, "--json").json["script"] == script
    run("completion", "tcsh", code=2)


def test_bash_completion_completes():
    script = run("completion", "bash").out
    done = subprocess.run(["bash", "-c", script + "COMP_WORDS=(varve import --pri); COMP_CWORD=2; _varve; echo ${COMPREPLY[@]}"],
                          capture_output=True, text=True, check=True)
    assert done.stdout == "--primary-key\n"


# Import and export: every format, there and back.


def files_of(rows, vectors, folder):
    plain = rows.select(["id", "label", "title", "score"])
    with pa.OSFile(str(folder / "a.arrow"), "wb") as out, pa.ipc.new_file(out, rows.schema) as writer:
        writer.write_table(rows)
    with pa.OSFile(str(folder / "a.arrows"), "wb") as out, pa.ipc.new_stream(out, rows.schema) as writer:
        writer.write_table(rows)
    (folder / "a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows.to_pylist()))
    with open(folder / "a.csv", "w", newline="") as out:
        writer = csv.DictWriter(out, plain.column_names)
        writer.writeheader()
        writer.writerows(plain.to_pylist())
    np.save(folder / "a.npy", vectors)
    records = np.hstack([np.full((len(vectors), 1), DIMENSION, np.int32).view(np.float32), vectors])
    records.tofile(folder / "a.fvecs")


def test_import_formats(tmp_path, rows, vectors):
    files_of(rows, vectors, tmp_path)
    for name in ("arrow", "arrows", "jsonl"):
        done = run("import", tmp_path / f"t-{name}", tmp_path / f"a.{name}", "--primary-key", "id", "--json").json
        assert (done["rows"], done["version"], done["input_bytes"]) == (NUM_ROWS, 1, (tmp_path / f"a.{name}").stat().st_size)
        assert run("query", tmp_path / f"t-{name}", "--json").lines == rows.to_pylist()
        assert run("schema", tmp_path / f"t-{name}", "--json").json["fields"][5]["type"] == "FloatVector"
    run("import", tmp_path / "t-csv", tmp_path / "a.csv")
    found = run("query", tmp_path / "t-csv", "--columns", "id,label,score", "--json").lines
    assert found == rows.select(["id", "label", "score"]).to_pylist()
    for name in ("npy", "fvecs"):
        run("import", tmp_path / f"t-{name}", tmp_path / f"a.{name}")
        found = run("query", tmp_path / f"t-{name}", "--json").lines
        assert np.array_equal(np.array([r["embedding"] for r in found], dtype=np.float32), vectors)


def test_import_is_one_commit_a_file_or_one_in_all(tmp_path, parquet):
    done = run("import", tmp_path / "many", parquet, parquet, parquet, "--json").json
    assert [(c["version"], c["rows"]) for c in done["commits"]] == [(1, NUM_ROWS), (2, NUM_ROWS), (3, NUM_ROWS)]
    done = run("import", tmp_path / "one", parquet, parquet, "--single-commit", "--json").json
    assert [(c["version"], c["rows"]) for c in done["commits"]] == [(1, 2 * NUM_ROWS)]
    words = run("import", tmp_path / "one", parquet).err
    assert "500 rows in" in words and "/s): version 2 of" in words


def test_import_with_message_and_layout(tmp_path, parquet):
    run("import", tmp_path / "t", parquet, "-m", "first", "--split", "embedding;id,label,title,score,tags", "--compression",
        "lz4", "--primary-key", "id")
    assert run("history", tmp_path / "t", "--json").lines[0]["message"] == "first"
    groups = run("tree", tmp_path / "t", "--json").json["segments"][0]["column_groups"]
    assert sorted(g["columns"] for g in groups) == [["embedding"], ["id", "label", "title", "score", "tags"]]
    run("import", tmp_path / "t", parquet, "--primary-key", "label", code=2)


def test_import_with_a_codec_for_each_of_some_fields(tmp_path, parquet, rows):
    run("import", tmp_path / "t", parquet, "--split", "one", "--codec", "id=gzip", "--codec", "title=zstd:9", "--codec",
        "label=snappy")
    (file,) = (tmp_path / "t" / "data").iterdir()
    group = pq.ParquetFile(file).metadata.row_group(0)
    codecs = {c.path_in_schema: c.compression for c in (group.column(i) for i in range(group.num_columns))}
    assert (codecs["id"], codecs["title"], codecs["label"]) == ("GZIP", "ZSTD", "SNAPPY")
    assert codecs["embedding"] == "UNCOMPRESSED"
    assert run("query", tmp_path / "t", "--json").lines == rows.to_pylist()
    for codec, words in (("title", "write FIELD=CODEC"), ("title=zst", "unknown compression 'zst'"),
                         ("title=gzip:10", "'10' is no compression level of gzip"), ("titel=gzip", "did you mean 'title'"),
                         ("embedding=gzip", "its layout must be compact")):
        assert words in run("import", tmp_path / "t", parquet, "--codec", codec, code=2).err
    assert run("history", tmp_path / "t", "--json").lines[0]["version"] == 1


def test_an_import_that_fails_leaves_nothing_running(tmp_path):
    """The end of the process meets no thread that still decodes the next window of its input."""
    pq.write_table(pa.table({"id": range(20_000), "title": [f"title {i}" for i in range(20_000)]}), tmp_path / "in.parquet",
                   row_group_size=3_000)
    for _ in range(20):
        run("import", tmp_path / "t", tmp_path / "in.parquet", "--codec", "titel=gzip", code=2)


@pytest.mark.parametrize("what", ["table", "parquet"])
def test_export_formats(what, request, tmp_path, rows, vectors):
    source = request.getfixturevalue(what)
    whole = pa.concat_tables([rows] * 2) if what == "table" else rows
    done = run("export", source, tmp_path / "a.parquet", "--json").json
    assert (done["rows"], done["bytes"]) == (len(whole), (tmp_path / "a.parquet").stat().st_size)
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == whole.to_pylist()
    run("export", source, tmp_path / "a.arrow")
    assert pa.feather.read_table(tmp_path / "a.arrow").to_pylist() == whole.to_pylist()
    streamed = subprocess.run([VARVE, "export", source, "-", "--format", "arrows"], capture_output=True, check=True).stdout
    assert pa.ipc.open_stream(streamed).read_all().to_pylist() == whole.to_pylist()
    lines = run("export", source, "-", "--format", "jsonl", "--limit", 3).lines
    assert lines == rows.slice(0, 3).to_pylist()
    text = run("export", source, "-", "--format", "csv", "--columns", "id,title", "--limit", 2).out
    assert list(csv.reader(io.StringIO(text))) == [["id", "title"], ["0", "title 0"], ["1", "title 1"]]
    run("export", source, tmp_path / "v.npy", "--columns", "embedding")
    assert np.array_equal(np.load(tmp_path / "v.npy"), np.vstack([vectors] * (len(whole) // NUM_ROWS)))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.arrow", "a.parquet", "v.npy"]


def test_export_a_filter_and_a_version(table, tmp_path, vectors):
    run("export", table, tmp_path / "v.npy", "--columns", "embedding", "--filter", "label = 3", "--version", 1)
    assert np.array_equal(np.load(tmp_path / "v.npy"), vectors[3::10])
    run("export", table, tmp_path / "v.npy", "--columns", "embedding", code=5)
    run("export", table, tmp_path / "v.npy", "--columns", "id", "--force")
    assert np.load(tmp_path / "v.npy").shape == (2 * NUM_ROWS,)
    run("export", table, tmp_path / "w.npy", code=2)
    assert "CSV has no vectors" in run("export", table, tmp_path / "w.csv", code=2).err
    assert [p.name for p in tmp_path.iterdir()] == ["v.npy"]


def test_a_new_table_has_its_rows_and_message_in_one_version(parquet, tmp_path):
    run("import", tmp_path / "t", parquet, "-m", "the first harvest", "--primary-key", "id")
    assert [(v["version"], v["rows"], v["message"]) for v in run("history", tmp_path / "t", "--json").lines] == [
        (1, NUM_ROWS, "the first harvest")]


def test_columns_with_commas_or_spaces(table, parquet, tmp_path):
    expected = [{"id": 5, "label": 5}, {"id": 17, "label": 7}]
    for words in (["5", "17", "--columns", "id,label"], ["5", "17", "--columns", "id", "label"], ["5", "--columns", "id", "label", "17"],
                  ["--columns", "id,label", "5", "17"], ["5", "17", "-c", "id", "-c", "label"]):
        assert run("take", table, *words, "--json").lines == expected
    for command in (["head", table, "-n", 1], ["query", table, "-n", 1], ["head", parquet, "-n", 1]):
        for columns in (["id,label"], ["id", "label"], ["id,", "label"]):
            assert run(*command, "--json", "--columns", *columns).lines == [{"id": 0, "label": 0}]
    stats = run("stats", table, "--json", "--columns", "id", "label").json
    assert [column["column"] for column in stats["columns"]] == ["id", "label"]
    run("export", table, tmp_path / "a.csv", "--limit", 1, "--columns", "id", "label")
    assert (tmp_path / "a.csv").read_text() == '"id","label"\n0,0\n'


def test_quickstart_prints_commands_that_work(tmp_path):
    for folder in ("./demo", "it's a demo"):
        lines = [line[2:] for line in run("quickstart", folder, cwd=tmp_path).err.splitlines() if line.startswith("  varve ")]
        assert len(lines) == 7
        for line in lines:
            words = shlex.split(line)[1:] + (["--repeat", "1"] if " bench " in line else []) + (["--force"] if " export " in line else [])
            run(*words, cwd=tmp_path)


def test_empty_lists_are_no_nulls(tmp_path):
    lists = [["x", None], None, [], [], ["y"]]
    pq.write_table(pa.table({"tags": pa.array(lists, pa.list_(pa.string())), "empty": pa.array([[]] * 5, pa.list_(pa.string()))}),
                   tmp_path / "a.parquet")
    run("import", tmp_path / "t", tmp_path / "a.parquet")
    for source in (tmp_path / "t", tmp_path / "a.parquet"):
        nulls = {column["column"]: column["nulls"] for column in run("stats", source, "--json").json["columns"]}
        assert nulls == {"tags.list.element": 2, "empty.list.element": 0}  # a null list and a null in a list
    assert [column["nulls"] for column in run("stats", tmp_path / "t", "--scan", "--json").json["columns"]] == [1, 0]


def test_shallow_verification_says_what_it_did(table, parquet):
    assert run("verify", table).out.endswith("lengths and footers compared; --deep reads every byte\n")
    assert run("verify", parquet).out == "ok: 1 file, only its footer was read; --deep reads every byte\n"
    assert "every byte of" in run("verify", parquet, "--deep").out


def test_commands_for_tables_say_what_to_do_with_a_file(parquet):
    assert "'varve import TABLE FILE' makes one" in run("query", parquet, "--filter", "id = 1", code=2).err


def test_json_lines_with_null_vectors(tmp_path):
    lines = [{"id": 1, "v": None}, {"id": 2, "v": [0.5, 1]}, {"id": 3, "v": [2, 0.25]}, {"id": 4, "v": None}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    assert "note" not in run("import", tmp_path / "t", "-", "--format", "jsonl", stdin=text).err
    run("import", tmp_path / "t", "-", "--format", "jsonl", stdin=text)
    field = run("schema", tmp_path / "t", "--json").json["fields"][1]
    assert (field["type"], field["dim"], field["nullable"]) == ("FloatVector", 2, True)
    assert run("head", tmp_path / "t", "--json", "-n", 9).lines == lines * 2
    run("verify", tmp_path / "t", "--deep")


def test_doubles_of_npy_files_become_vectors(tmp_path):
    values = np.random.default_rng(5).standard_normal((50, 4))
    np.save(tmp_path / "f64.npy", values)
    done = run("import", tmp_path / "t", tmp_path / "f64.npy")
    assert "note: the numbers of column 'embedding' are doubles; its vectors are float, so they are rounded" in done.err
    run("import", tmp_path / "t", tmp_path / "f64.npy")
    found = pq.read_table(next((tmp_path / "t" / "data").iterdir()))["embedding"].to_pylist()
    assert np.array_equal(np.array([np.frombuffer(row, np.float32) for row in found]), values.astype(np.float32))
    assert "FloatVector(4)" in run("schema", tmp_path / "t").out
    assert run("info", tmp_path / "t", "--json").json["rows"] == 100


def test_integer_lists_are_noted(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"v": [1, 0], "tags": [1]}\n{"v": [0, 1], "tags": [1, 2]}\n')
    err = run("import", tmp_path / "t", path).err
    assert ("note: column 'v' is stored as lists, not as vectors: its numbers are of type int64, those of vectors are float"
            in err)
    assert "tags" not in err


def test_create_with_rules(tmp_path):
    run("create", tmp_path / "t", "--field", "id:Int64", "--field", "title:VarChar:5:default=a:b",
        "--field", "emb:FloatVector:2:null:finite", "--field", "stock:Int32:default=7")
    pq.write_table(pa.table({"id": [1]}), tmp_path / "one.parquet")
    run("import", tmp_path / "t", tmp_path / "one.parquet")
    assert run("head", tmp_path / "t", "--json").lines == [{"id": 1, "title": "a:b", "emb": None, "stock": 7}]
    pq.write_table(pa.table({"id": [1], "title": ["too long"]}), tmp_path / "long.parquet")
    assert "expected at most 5 bytes, found 8" in run("import", tmp_path / "t", tmp_path / "long.parquet", code=2).err
    nan = pa.table({"id": [1], "emb": pa.array([[0.0, float("nan")]], pa.list_(pa.float32(), 2))})
    pq.write_table(nan, tmp_path / "nan.parquet")
    assert "NaN or infinity in a vector: field 'emb'" in run("import", tmp_path / "t", tmp_path / "nan.parquet", code=2).err
    assert "default value does not fit: field 'n', expected int8, found 300" in run(
        "create", tmp_path / "u", "--field", "n:Int8:default=300", code=2).err
    assert "only vectors are checked" in run("create", tmp_path / "u", "--field", "n:Int8:finite", code=2).err


def test_tree_of_a_file_at_each_depth(parquet):
    first = run("tree", parquet, "--depth", 1).out
    assert "row group 0" in first and "embedding" not in first
    assert run("tree", parquet, "--depth", 2).out == run("tree", parquet).out


def test_help_names_each_group_once():
    lines = run("help").out.splitlines()
    groups = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert groups == ["Begin:", "Write:", "Look:", "Read:", "Care:", "Milvus:", "Other:"]
