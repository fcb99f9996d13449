# SPDX-License-Identifier: Apache-2.0
"""What happens when something is wrong: exit codes, messages, pipes, interruptions, damaged files."""

import json
import os
import pty
import re
import resource
import shutil
import signal
import subprocess
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import DIMENSION, NUM_ROWS, VARVE, run


def test_unknown_command_is_guessed():
    done = run("impotr", code=2)
    assert done.out == "" and "unknown command 'impotr'; did you mean 'import'?" in done.err


def test_unknown_option_is_guessed(table):
    done = run("head", table, "--limt", "3", code=2)
    assert "unknown option '--limt' of 'varve head'; did you mean '--limit'?" in done.err
    assert "did you mean '--columns'?" in run("query", "--colums=id", code=2).err


def test_unknown_column_is_guessed(table, parquet):
    for source in (table, parquet):
        assert "there is no column 'embeding'; did you mean 'embedding'?" in run("head", source, "-c", "embeding", code=2).err
    assert "label" in run("query", table, "--filter", "labl = 3", code=2).err


def test_missing_and_extra_arguments(table):
    assert "TABLE is required" in run("head", code=2).err
    assert "unexpected argument 'more'" in run("info", table, "more", code=2).err
    run("head", table, "-n", "many", code=2)
    run("head", table, "--version", "1", "--as-of", "1d", code=2)


def test_empty_path():
    for words in (["binlog", "info", ""], ["head", ""], ["segment", "ls", ""]):
        assert "the path of a store is empty" in run(*words, code=2).err


def test_empty_options(table, tmp_path):
    """As an unset variable of a shell leaves them: they would say nothing, and all rows would be meant."""
    for words in (["segment", "cat", table, "--as-of"], ["segment", "ls", table, "--collection"], ["segment", "ls", table, "--partition"],
                  ["import", tmp_path / "t", table, "--from", "milvus", "--schema"], ["head", table, "--as-of"], ["head", table, "--config"],
                  ["import", tmp_path / "t", table, "--primary-key"], ["export", table, tmp_path / "x.csv", "--columns"]):
        message = f"{words[-1]}: the value is empty; leave the option out to have its default"
        assert run(*words, "", "--json", code=2).error["message"] == message
    assert "the value is empty" in run("export", table, tmp_path / "x.csv", "--columns", "id", "", code=2).err
    assert list(tmp_path.iterdir()) == []


def test_errors_as_json(table):
    error = run("head", table, "--columns", "nothing", "--json", code=2).error
    assert (error["kind"], error["exit_code"]) == ("invalid", 2)
    assert run("imprt", "--json", code=2).err != ""
    assert run("info", "/nowhere/at/all", "--json", code=4).error["kind"] == "not_found"


def test_unknown_command_as_json():
    error = run("bogus", "--json", code=2).error
    assert (error["kind"], error["exit_code"], error["message"]) == ("invalid", 2, "unknown command 'bogus'")


def test_numbers_that_make_no_sense(table):
    for words, message in [
        (("head", table, "-n", "x"), "--limit: 'x' is no whole number from 0 on"),
        (("head", table, "-n", "-1"), "--limit: '-1' is no whole number from 0 on"),
        (("query", table, "-n", "1.5"), "--limit: '1.5' is no whole number from 0 on"),
        (("history", table, "-n", "0"), "--limit: '0' is no whole number from 1 on"),
        (("head", table, "--version", "0"), "--version: '0' is no version; versions count from 1"),
    ]:
        assert run(*words, "--json", code=2).error["message"] == message


@pytest.mark.parametrize("text", ["", "  "])
def test_empty_filters(table, tmp_path, text):
    message = "--filter: the filter is empty; leave the option out to have all rows"
    assert run("query", table, "--filter", text, "--json", code=2).error["message"] == message
    assert run("export", table, tmp_path / "x.csv", "--filter", text, "--json", code=2).error["message"] == message
    assert not (tmp_path / "x.csv").exists()


def test_compression_levels(tmp_path, parquet):
    for given, message in [
        ("gzip:10", "'10' is no compression level of gzip (1 to 9)"),
        ("zstd:23", "'23' is no compression level of zstd (1 to 22)"),
        ("snappy:1", "compression 'snappy' has no levels"),
        ("none:1", "compression 'none' has no levels"),
        ("zstd:", "'' is no compression level of zstd (1 to 22)"),
    ]:
        assert run("import", tmp_path / "t", parquet, "--compression", given, "--json", code=2).error["message"] == message
    assert not (tmp_path / "t").exists()
    run("import", tmp_path / "t", parquet, "--compression", "gzip:9")


def test_absent_file(tmp_path):
    error = run("head", tmp_path / "nope.parquet", "--json", code=4).error
    assert error["message"].startswith("there is no such file") and error["object"].endswith("nope.parquet")


def lines_file(path, *lines, first=0):
    """More than a block of plain rows, then `lines`."""
    with open(path, "wb") as file:
        for i in range(first):
            file.write(json.dumps({"a": i, "b": "x" * 1000}).encode() + b"\n")
        for line in lines:
            file.write(line + b"\n")
    return path


@pytest.mark.parametrize("line, message", [
    (b'{"a": 1, "c": 3}', "line 12001: field 'c' is none of the columns"),
    (b'{"a": 1.5, "b": "x"}', "line 12001: field 'a': expected int64, found 1.5"),
    (b'{"a": 1, "b": ["x"]}', "line 12001: field 'b': expected string, found [\"x\"]"),
    (b'{"a": 1, "b": "\xff"}', "not JSON lines: line 12001, column 16: text that is not UTF-8"),
])
def test_json_lines_far_down_the_file(tmp_path, line, message):
    path = lines_file(tmp_path / "rows.jsonl", line, first=12_000)
    assert run("import", tmp_path / "t", path, "--json", code=3).error["message"].startswith(message)
    run("info", tmp_path / "t", code=4)


def test_json_lines_that_do_not_fit_the_table(tmp_path):
    run("create", tmp_path / "t", "--field", "a:Int64", "--field", "f:Float:null", "--field", "v:FloatVector:2:null")

    def attempt(*lines, code=2):
        path = lines_file(tmp_path / "rows.jsonl", *lines)
        return run("import", tmp_path / "t", path, "--json", code=code).error

    assert attempt(b'{"a": 1}', b"", b'{"a": 2.5}')["message"].startswith("line 3: field 'a': expected int64, found 2.5")
    assert attempt(b'{"a": 1}', b'{"zz": 2}')["message"].startswith("line 2: field 'zz' is none of the columns")
    assert attempt(b'{"a": 9223372036854775808}')["message"].startswith("line 1: field 'a': expected int64, found 92233720")
    for line, field in [(b'{"a": 1, "f": 1e39}', "f"), (b'{"a": 1, "v": [1, -1e39]}', "v")]:
        error = attempt(b'{"a": 1}', line)
        assert error["message"].startswith("a number too large for its column in line 2") and error["field"] == field
    assert run("info", tmp_path / "t", "--json").json["version"] == 1


def test_json_lines_with_numbers_too_large_for_vectors(tmp_path):
    path = lines_file(tmp_path / "rows.jsonl", b'{"v": [1, 2.5]}', b'{"v": [1e39, 2]}')
    error = run("import", tmp_path / "t", path, "--json", code=2).error
    assert error["field"] == "v"
    assert error["message"].startswith("a number too large for its column in line 2")


def test_text_that_is_not_utf8(tmp_path):
    path = lines_file(tmp_path / "rows.jsonl", b'{"s": "a\xff"}')
    error = run("import", tmp_path / "t", path, "--json", code=3).error
    assert error["message"].startswith("not JSON lines: line 1, column 9: text that is not UTF-8")
    assert not (tmp_path / "t").exists()
    batch = pa.table({"s": pa.array([b"fine", b"a\xff"], pa.binary()).view(pa.string())})
    pq.write_table(batch, tmp_path / "rows.parquet")
    error = run("import", tmp_path / "t", tmp_path / "rows.parquet", "--json", code=2).error
    assert error["message"] == "row 1: text that is not UTF-8: field 's', found byte 0xff at offset 1"
    assert not (tmp_path / "t").exists()


def test_not_found(tmp_path, table):
    run("info", tmp_path / "nothing", code=4)
    run("info", table, "--version", 99, code=4)
    run("import", tmp_path / "t", tmp_path / "nothing.parquet", code=4)
    assert not (tmp_path / "t").exists()


def test_file_where_a_table_is_needed(parquet):
    assert "import" in run("query", parquet, code=2).err
    run("head", parquet, "--version", 1, code=2)


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x40]))


def chunk_of(table, column):
    for group in run("tree", table, "--json").json["segments"][0]["column_groups"]:
        for chunk in group["row_groups"][0]["columns"]:
            if chunk["column"] == column:
                return group["file"], chunk
    raise AssertionError(column)


def test_damaged_table_is_found_and_named(table, tmp_path):
    copy = tmp_path / "t"
    shutil.copytree(table, copy)
    name, chunk = chunk_of(copy, "embedding")
    flip(copy / name, chunk["offset"] + chunk["bytes"] - 10)
    done = run("verify", copy, "--deep", code=3)
    assert name in done.out and re.search(r"\d", done.out)
    assert "1 problem" in done.err or "problems" in done.err
    report = run("verify", copy, "--deep", "--json", code=3)
    assert any(name in p for p in report.json["problems"])
    assert report.error["kind"] == "corruption"
    taken = run("take", copy, NUM_ROWS - 1, "--json", code=3)
    assert name in taken.error["message"] and taken.error["offset"] >= 0
    assert run("take", copy, 0, "--columns", "id", "--json").lines == [{"id": 0}]


def test_cut_off_file_is_found(table, tmp_path):
    copy = tmp_path / "t"
    shutil.copytree(table, copy)
    name, _ = chunk_of(copy, "embedding")
    os.truncate(copy / name, (copy / name).stat().st_size - 1)
    assert name in run("verify", copy, code=3).out


def test_damaged_single_files(parquet, tmp_path):
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(parquet.read_bytes()[:-3])
    for command in ("info", "head", "tree", "verify", "schema", "stats"):
        assert "bad.parquet" in run(command, bad, code=3).err
    bad.write_bytes(b"not a parquet file at all")
    assert "bad.parquet" in run("head", bad, code=3).err


@pytest.mark.parametrize("name, content, where", [
    ("bad.jsonl", b'{"id": 1}\n{"id": \n', "line 2"),
    ("bad.csv", b"a,b\n1,2\n3\n", "Row #3"),
    ("bad.fvecs", b"\x02\x00\x00\x00" + b"\x00" * 9, "offset 12"),
    ("bad.npy", b"\x93NUMPY\x01\x00\xff\xff{}", "header"),
    ("bad.arrow", b"ARROW1\x00\x00 and nothing that makes sense", "bad.arrow"),
    ("bad.parquet", b"PAR1 and nothing that makes sense PAR1", "bad.parquet"),
])
def test_damaged_input_names_file_and_place(tmp_path, name, content, where):
    (tmp_path / name).write_bytes(content)
    done = run("import", tmp_path / "t", tmp_path / name, code=3)
    assert name in done.err and where in done.err
    assert not (tmp_path / "t" / "_versions").exists() or not list((tmp_path / "t" / "_versions").iterdir())


def test_rows_that_do_not_fit_leave_the_table_alone(table, tmp_path):
    before = run("info", table, "--json").json
    (tmp_path / "bad.jsonl").write_text('{"id": 1, "other": 2}\n')
    run("import", table, tmp_path / "bad.jsonl", code=2)
    assert run("info", table, "--json").json == before


def test_closed_pipe_is_quiet(table):
    script = f'set -o pipefail; "{VARVE}" query "{table}" --json 2>"$1" | head -1; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", script, "_", "/dev/stdout"], capture_output=True, text=True, timeout=60)
    lines = done.stdout.splitlines()
    assert json.loads(lines[0])["id"] == 0
    assert lines[-1] in ("0", "141") and done.stderr == "" and len(lines) == 2


def test_full_disk_behind_standard_output(table):
    with open("/dev/full", "w") as full:
        done = subprocess.run([VARVE, "head", table], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1 and "standard output" in done.stderr


def test_words_and_data_are_apart(tmp_path, parquet, table):
    done = run("import", tmp_path / "t", parquet)
    assert done.out == "" and "rows" in done.err
    assert run("import", tmp_path / "t", parquet, "--quiet").err == ""
    for command in ("head", "tree", "stats", "info", "schema"):
        done = run(command, table)
        assert "\x1b" not in done.out + done.err and done.err == ""
    assert "\x1b[1m" in run("head", table, env={"CLICOLOR_FORCE": "1", "NO_COLOR": ""}).out
    assert "\x1b" not in run("head", table, env={"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}).out


def test_control_characters_of_data_stay_out_of_the_terminal(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"t": "\x1b[31mred\nline"}) + "\n" + json.dumps({"t": "x"}) + "\n")
    run("import", tmp_path / "t", tmp_path / "a.jsonl")
    assert run("head", tmp_path / "t").out.splitlines()[1] == "\\x1b[31mred line"
    assert run("head", tmp_path / "t", "--json").lines[0] == {"t": "\x1b[31mred\nline"}


def test_table_fits_the_terminal(table):
    main, other = pty.openpty()
    process = subprocess.Popen([VARVE, "head", table, "-n", "2"], stdout=other, stderr=subprocess.PIPE,
                               env={**os.environ, "COLUMNS": "60", "TERM": "xterm", "NO_COLOR": "1"})
    os.close(other)
    shown = b""
    while True:
        try:
            piece = os.read(main, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    process.communicate(timeout=60)
    os.close(main)
    lines = shown.decode().replace("\r\n", "\n").splitlines()
    assert len(lines) == 3 and max(map(len, lines)) <= 60


def test_interrupted_import_leaves_nothing(tmp_path):
    # Rows come through a pipe that stays open, so the import is under way for certain when the signal is sent.
    process = subprocess.Popen([VARVE, "import", tmp_path / "t", "-", "--format", "jsonl", "--quiet"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    line = (json.dumps({"id": 1, "v": [0.25] * DIMENSION}) + "\n").encode()
    sent, stop = threading.Event(), threading.Event()

    def feed():
        try:
            for i in range(10**9):
                process.stdin.write(line * 1000)
                if i == 300:
                    sent.set()
                if stop.is_set():
                    return
        except BrokenPipeError:
            pass

    feeder = threading.Thread(target=feed)
    feeder.start()
    assert sent.wait(timeout=120)
    process.send_signal(signal.SIGINT)
    try:
        code = process.wait(timeout=120)
    finally:
        stop.set()
        feeder.join(timeout=60)
    assert code == 130
    run("info", tmp_path / "t", code=4)
    assert not list((tmp_path / "t").rglob("*.parquet")) if (tmp_path / "t").exists() else True


def test_interrupted_import_that_waits_for_input(tmp_path):
    # Nothing arrives and nothing ends the input: the first Ctrl-C has to.
    run("import", tmp_path / "t", "-", "--format", "jsonl", stdin='{"id": 1}\n')
    with subprocess.Popen([VARVE, "import", tmp_path / "t", "-", "--format", "jsonl", "--json"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        # More than a pipe and a block of the parser hold: what is left in the pipe was not read, the rest was.
        process.stdin.write(b'{"id": 2}\n' * 1_000_000)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 130
        error = json.loads(process.stderr.read())["error"]
        assert (error["kind"], error["exit_code"]) == ("cancelled", 130)
        process.stdin.close()
    assert [line["rows"] for line in run("history", tmp_path / "t", "--json").lines] == [1]
    assert len(list((tmp_path / "t" / "data").iterdir())) == 1


def test_json_lines_name_the_line(tmp_path):
    path, table = tmp_path / "a.jsonl", tmp_path / "t"
    path.write_text('{"id": 1}\n\n{"id": 2}\n \n{"id": "three"}\n')
    assert "line 5: Column(/id)" in run("import", table, path, code=3).err
    # From a pipe lines cannot be counted again: rows are.
    assert "row 3: Column(/id)" in run("import", table, "-", "--format", "jsonl", stdin=path.read_text(), code=3).err
    path.write_text("".join(f'{{"id": {i}, "text": "{"x" * 60}"}}\n' + "\n" * (i % 2) for i in range(150_000)) + '{"id": [1]}\n')
    assert "line 225001: field 'id': expected int64, found [1]" in run("import", table, path, code=3).err  # not in the first block
    path.write_text('{"v": [1.5, 2]}\n' * 3)
    run("import", table, path)
    path.write_text('{"v": [1.5, 2]}\n\n{"v": [1.5]}\n')
    done = run("import", table, path, code=2)
    assert "a vector of another length in line 3" in done.err and "expected 2, found 1" in done.err


@pytest.mark.parametrize("text", ["", "\n", " \n\r\n\t\n"])
def test_an_empty_file_is_bad_input(tmp_path, text):
    (tmp_path / "a.jsonl").write_text(text)
    for words, stdin in ((["a.jsonl"], None), (["-", "--format", "jsonl"], text)):
        error = run("import", "t", *words, "--json", code=2, stdin=stdin, cwd=tmp_path).error
        assert error["kind"] == "invalid" and "has no rows" in error["message"]
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize("lists, why", [
    ([[1.5, 2], [2.5]], "of the first 2 rows, the shortest has 1 number, the longest 2"),
    ([None, None], "of the first 2 rows, none has a value"),
    ([[], []], "of the first 2 rows, none has a number"),
    ([], "there are no rows to tell from"),
    ([[1.5], [2.5]], "of the first 2 rows, each has 1 number"),
    ([[1.5, None], [2.5, 1]], "of the first 2 rows, some have nulls among their numbers"),
])
def test_lists_that_are_no_vectors_are_named(tmp_path, lists, why):
    pq.write_table(pa.table({"v": pa.array(lists, pa.list_(pa.float32())), "w": pa.array([[1.5, 2]] * len(lists), pa.list_(pa.float32(), 2)),
                             "t": pa.array([["x"]] * len(lists), pa.list_(pa.string()))}), tmp_path / "a.parquet")
    note = f"note: column 'v' is stored as lists, not as vectors: {why}"
    done = run("import", tmp_path / "t", tmp_path / "a.parquet")
    assert [line for line in done.err.splitlines() if line.startswith("note")] == [note]
    assert note in run("create", tmp_path / "u", "--like", tmp_path / "a.parquet").err
    assert "note" not in run("import", tmp_path / "v", tmp_path / "a.parquet", "--quiet").err


@pytest.mark.parametrize("row, message", [
    ("abc", "'abc' is no row number"), ("1.5", "'1.5' is no row number"), ("-1", "there is no row -1; rows are counted from 0"),
    ("9" * 30, "there is no row " + "9" * 30),
])
def test_rows_that_are_none(table, row, message):
    assert run("take", table, row, code=2).err.splitlines()[0] == f"varve: {message}"


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "rows.jsonl").write_text("".join(f'{{"id": {i}, "text": "row {i} of many"}}\n' for i in range(20_000)))
    run("import", tmp_path / "t", tmp_path / "rows.jsonl")

    def limit():  # of a file's bytes; as if the disk were full, but for the error's number
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    out = tmp_path / "out.csv"
    done = subprocess.run([VARVE, "export", tmp_path / "t", out], capture_output=True, text=True, preexec_fn=limit, timeout=300)
    assert done.returncode == 1
    assert "File too large" in done.stderr and str(out) in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.jsonl", "t"]
