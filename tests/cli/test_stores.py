# SPDX-License-Identifier: Apache-2.0
"""Copies from store to store, and the options of stores, as far as they need no server (tests/stores has those that do)."""

import json
import os
import pathlib
import pty
import re
import socket
import subprocess
import termios

import pyarrow as pa
import pyarrow.csv
import pytest
from conftest import VARVE, run

SECRET = "canary-7f3a"


def files(folder):
    folder = pathlib.Path(folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_copied_table_is_the_table(table, tmp_path):
    done = run("cp", table, tmp_path / "copy", "--json").json
    original = files(table)
    assert files(tmp_path / "copy") == original
    assert done["source"] == f"file://{table}" and done["target"] == f"file://{tmp_path / 'copy'}"
    assert (done["objects"], done["objects_present"]) == (len(original), 0)
    assert (done["bytes"], done["bytes_present"]) == (sum(map(len, original.values())), 0)
    assert run("head", tmp_path / "copy", "-n", 1000, "--json").out == run("head", table, "-n", 1000, "--json").out
    run("verify", tmp_path / "copy", "--deep")


def test_a_copy_goes_on_where_it_ended(table, tmp_path):
    copy = tmp_path / "copy"
    run("cp", table, copy)
    whole = files(copy)
    data = sorted((copy / "data").iterdir())
    for lost in [*(copy / "_versions").iterdir(), data[0]]:
        lost.unlink()
    run("info", copy, code=4)  # no table without its versions
    done = run("cp", table, copy, "--json").json
    assert files(copy) == whole
    assert (done["objects"], done["objects_present"]) == (3, len(whole) - 3)
    assert "were in" in run("cp", table, copy).err


def test_a_copy_never_touches_another_table(table, tmp_path):
    run("quickstart", tmp_path / "other")
    before = files(tmp_path / "other")
    for flags in ((), ("--overwrite",)):
        error = run("cp", table, tmp_path / "other", "--json", *flags, code=5).error
        assert error["kind"] == "already_exists" and "_versions/" in error["message"]
    assert files(tmp_path / "other") == before


def test_what_differs_is_compared_and_replaced_when_asked(tmp_path):
    source, target = tmp_path / "a", tmp_path / "b"
    for folder, text in ((source, "one"), (target, "two")):
        folder.mkdir()
        (folder / "x").write_text(text)
    run("cp", source, target)  # the same size is the same object, unless told otherwise
    assert "x" in run("cp", source, target, "--compare", code=5).err
    assert files(target) == {"x": b"two"}
    run("cp", source, target, "--compare", "--overwrite")
    assert files(target) == {"x": b"one"}


def test_copies_that_make_no_sense(table, parquet, tmp_path):
    assert "nothing to copy" in run("cp", tmp_path / "none", tmp_path / "b", code=4).err
    assert "onto itself" in run("cp", table, table, code=2).err
    assert "single files" in run("cp", parquet, tmp_path / "b", code=2).err
    run("cp", table, tmp_path / "b", "--parallel", "0", code=2)


def test_import_takes_file_addresses(parquet, tmp_path):
    run("import", tmp_path / "t", f"file://{parquet}")
    run("import", f"file:{tmp_path / 't'}", f"file:{parquet}")
    assert run("info", tmp_path / "t", "--json").json["rows"] == 1000


def test_a_storage_option_that_is_none_is_not_repeated(table):
    for words in (("head", table), ("create", table / "x", "--field", "id:Int64"), ("doctor", table), ("cp", table, table),
                  ("import", table, "x.csv"), ("quickstart", table / "y")):
        for option in (SECRET, f"={SECRET}"):
            done = run(*words, "--storage-option", option, code=2)
            assert "storage option 1 is no KEY=VALUE" in done.err and SECRET not in done.err + done.out, words


def test_one_storage_option_takes_one_word(table):
    assert run("query", "--storage-option", "a=b", table, "--count", "--json").json["rows"] == 1000


def test_doctor_writes_nothing_when_asked_not_to(table):
    before = files(table)
    checks = {check["check"]: check["outcome"] for check in run("doctor", table, "--read-only", "--json").json["checks"]}
    assert "commit race" not in checks and checks["table"] == "ok"
    assert files(table) == before


def test_doctor_tells_the_warnings_of_a_configuration(table, tmp_path):
    config = tmp_path / "varve.yaml"
    config.write_text("storage: {type: local, cache: {memory_limit: 8GB}}\n")
    checks = {check["check"]: check for check in run("doctor", table, "--json", "--config", config).json["checks"]}
    assert checks["configuration"]["outcome"] == "warning" and f"{config}:1" in checks["configuration"]["finding"]


def test_secrets_in_addresses_are_not_shown(tmp_path):
    address = f"s3://bucket/books?region=x&endpoint=http://127.0.0.1:1&timeout=1s&retry_attempts=0&secret_access_key={SECRET}&access_key_id={SECRET}"
    for words in (("head", address), ("info", address), ("tree", address), ("stats", address), ("verify", address), ("take", address, 1),
                  ("create", address, "--field", "id:Int64"), ("doctor", address), ("cp", address, tmp_path / "x"), ("bench", address),
                  ("import", tmp_path / "t", address.replace("books", "books.csv")), ("head", address.replace("books", "books.parquet"))):
        for form in ((), ("--json",)):
            done = subprocess.run([VARVE, *map(str, words), *form], capture_output=True, text=True, timeout=300)
            assert done.returncode != 0 and done.stderr, words
            assert SECRET not in done.stdout + done.stderr, words


def test_a_configuration_file_says_how_rows_are_stored(rows, parquet, tmp_path):
    config = tmp_path / "varve.yaml"
    config.write_text("storage: {type: local, compression: {algorithm: gzip, level: 9}}\n")
    for name, words, env, expected in (("a", ("--config", config), {}, "gzip"), ("b", (), {"VARVE_CONFIG": str(config)}, "gzip"),
                                       ("c", ("--config", config, "--compression", "lz4"), {}, "lz4"), ("d", (), {}, "zstd")):
        run("import", tmp_path / name, parquet, *words, env=env)
        text = run("tree", tmp_path / name, "--depth", 4, "--json").out.lower()
        assert expected in text and not any(other in text for other in {"gzip", "lz4", "zstd"} - {expected}), name


def test_a_configuration_file_with_a_mistake_names_the_line(table, tmp_path):
    config = tmp_path / "varve.yaml"
    config.write_text(f"storage:\n  type: minio\n  secret_access_kye: {SECRET}\n")
    for words in (("head", table), ("cp", table, tmp_path / "x"), ("doctor", table)):
        done = run(*words, "--config", config, code=2)
        assert f"{config}:3" in done.err and SECRET not in done.err
    assert "cannot open the configuration" in run("head", table, "--config", tmp_path / "none.yaml", code=4).err


def on_a_terminal(*words):
    """What a terminal is shown by the command."""
    outer, inner = pty.openpty()
    termios.tcsetwinsize(inner, (24, 120))
    done = subprocess.Popen([VARVE, *map(str, words)], stderr=inner, stdout=subprocess.DEVNULL, env={**os.environ, "TERM": "xterm"})
    os.close(inner)
    shown = b""
    while True:
        try:
            piece = os.read(outer, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        shown += piece
    os.close(outer)
    assert done.wait(300) == 0
    return shown.decode()


@pytest.mark.parametrize("words", [("import", "t"), ("cp", "c")])
def test_a_terminal_sees_progress(words, table, parquet, tmp_path):
    command, target = words
    source = [parquet] * 30 if command == "import" else [table]
    arguments = [tmp_path / target, *source] if command == "import" else [table, tmp_path / target]
    text = on_a_terminal(command, *arguments)
    assert "█" in text or "░" in text
    assert "left" in text
    assert "\033[K" in text
    piped = run(command, *([tmp_path / "p", parquet] if command == "import" else [table, tmp_path / "q"])).err
    assert "left" not in piped and "\r" not in piped


@pytest.mark.parametrize("ending", ["jsonl", "csv", "arrows"])
def test_a_terminal_sees_how_much_of_a_file_of_unknown_rows_is_left(ending, tmp_path):
    """By its bytes. The first batch is a part of the file, and shown when it is there; so is the end."""
    num_rows = 60_000
    rows = pa.table({"id": range(num_rows), "text": [f"{i} " * 80 for i in range(num_rows)]})
    file = tmp_path / f"rows.{ending}"
    if ending == "jsonl":
        file.write_text("".join(f'{{"id": {i}, "text": "{i} {"x" * 300}"}}\n' for i in range(num_rows)))
    elif ending == "csv":
        pyarrow.csv.write_csv(rows, file)
    else:
        with pa.ipc.new_stream(file, rows.schema) as writer:
            writer.write_table(rows, max_chunksize=10_000)
    size = file.stat().st_size
    for words in ([file], [file, file, "--single-commit"]):
        text = on_a_terminal("import", tmp_path / f"t{len(words)}", *words)
        shown = [float(percent) for percent in re.findall(r"[█░] (\d+)%", text)]
        assert shown == sorted(shown) and 0 < shown[0] < 100, shown
        # The first frame comes with the first batch: its share is that of its rows, as all are of one length.
        count = int(re.search(r"%  ([\d,]+) rows", text)[1].replace(",", ""))
        assert abs(shown[0] - 100 * count / (num_rows * len(words[:2]))) <= 5, (shown, count)
        assert re.search(r"rows/s  [\d.]+ [kMG]?B/s  \S+.* left", text), text
    assert size > 16 << 20
    piped = run("import", tmp_path / "p", file).err
    assert "left" not in piped and "█" not in piped and "\r" not in piped


def test_metrics_go_to_standard_error_alone(table):
    comment = "# no object store was opened\n"
    for words in (("head", table, "--json"), ("info", table), ("version",), ("query", table, "--count", "--quiet")):
        plain, done = run(*words), run(*words, "--metrics")
        assert done.out == plain.out and done.err == plain.err + comment
    done = run("head", table / "none", "--json", "--metrics", code=4)
    first, last = done.err.splitlines()
    assert first + "\n" == comment and json.loads(last)["error"]["kind"] == "not_found"


@pytest.fixture(scope="module")
def refusing():
    """A port that nobody listens at, and nobody else is given."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture(scope="module")
def away(refusing):
    """A store that refuses connections."""
    options = {"endpoint": f"http://127.0.0.1:{refusing}", "region": "x", "access_key_id": SECRET, "secret_access_key": SECRET,
               "retry_attempts": 1, "breaker_failures": 2}
    words = [word for option in options.items() for word in ("--storage-option", "=".join(map(str, option)))]
    address = "s3://bucket/books"
    if "built without" in run("head", address, *words, code=None).err:
        pytest.skip("a build without object stores")
    return address, words


@pytest.mark.parametrize("words", [("head",), ("head", "--json"), ("take", 5, 17, 5, "--json"), ("query", "--filter", "label = 7"),
                                   ("query", "--count", "--json"), ("info", "--json"), ("stats",), ("export", "-", "--format", "jsonl")])
def test_reads_go_on_from_a_replica_and_say_so(away, table, words):
    address, options = away
    command, *rest = words
    done = run(command, address, *rest, *options, "--storage-option", f"read_replicas=file://{table}")
    local = run(command, table, *rest)
    assert done.out.replace(address, str(table)) == local.out.replace(f"file://{table}", str(table))
    assert re.search(rf"varve: {address} left \d+ requests? unanswered; what it did not give, its replicas gave", done.err)
    assert "unanswered" not in run(command, address, *rest, *options, "--quiet", "--storage-option", f"read_replicas=file://{table}").err
    alone = run(command, address, *rest, *options, code=1)  # without a replica
    assert "not to be reached" in alone.err and not alone.out


def test_writes_are_refused_while_the_store_is_away(away, table, parquet, tmp_path):
    address, options = away
    before = files(table)
    other = f"{address}-too"
    for words, replica in ((("import", address, parquet), table), (("create", other, "--field", "id:Int64"), tmp_path),
                           (("quickstart", other), tmp_path), (("cp", table, other), tmp_path)):
        error = run(*words, *options, "--storage-option", f"read_replicas=file://{replica}", "--json", code=8).error
        assert error["kind"] == "resource_exhausted" and SECRET not in error["message"]
        assert "nothing is written while the store does not answer" in error["message"]
    assert files(table) == before


def test_a_plain_name_lies_below_the_place_of_the_file_and_warnings_are_told(tmp_path):
    shelf = tmp_path / "shelf"
    file = tmp_path / "varve.yaml"
    file.write_text(f"storage:\n  type: local\n  root_path: {shelf}\n  cache: {{memory_limit: 8GB}}\n")
    made = run("quickstart", "books", "--config", file)
    assert (shelf / "books" / "_versions").is_dir()
    warning = "storage.cache.memory_limit has no effect yet"
    assert warning in made.err
    rows = run("head", "books", "-n", 5, "--json", "--config", file)
    assert rows.out == run("head", shelf / "books", "-n", 5, "--json").out and warning in rows.err
    assert warning not in run("head", "books", "-n", 5, "--quiet", "--config", file).err
    run("head", "./books", "--config", file, code=4)
