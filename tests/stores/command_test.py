# SPDX-License-Identifier: Apache-2.0
"""The command on the store that VARVE_TEST_STORE names (tests/stores/servers.py): imports, files, copies and doctor."""

import json
import os
import re
import subprocess
import sys
import uuid

import pytest

STORE = os.environ["VARVE_TEST_STORE"]
VARVE = os.environ["VARVE"]
SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AZURE_STORAGE_ACCOUNT_KEY")

pytestmark = pytest.mark.skipif(bool(os.environ["VARVE_TEST_STORE_LACKS"]), reason="no store for tables")


def run(*words, stdin=None, code=0, env=None):
    done = subprocess.run([VARVE, *map(str, words)], capture_output=True, text=True, input=stdin, timeout=300,
                          env={**os.environ, **(env or {})})
    assert done.returncode == code, f"exit {done.returncode}, expected {code}\n{done.stdout}\n{done.stderr}"
    for name in SECRETS:
        secret = {**os.environ, **(env or {})}.get(name, "")
        assert len(secret) < 6 or secret not in done.stdout + done.stderr, name
    return done


def rows_of(address, *words):
    return run("head", address, "-n", 10000, "--json", *words).stdout


def checks_of(*words, code=0, env=None):
    report = json.loads(run("doctor", *words, "--json", code=code, env=env).stdout)
    return {check["check"]: check for check in report["checks"]}


@pytest.fixture
def root():
    return f"{STORE}/{uuid.uuid4().hex}"


@pytest.fixture
def books(root):
    run("quickstart", f"{root}/books", "--quiet")
    return f"{root}/books"


def test_files_in_the_store_are_read_and_imported(books, root, tmp_path):
    run("export", books, tmp_path / "rows.parquet")
    (tmp_path / "files").mkdir()
    os.rename(tmp_path / "rows.parquet", tmp_path / "files" / "rows.parquet")
    (tmp_path / "files" / "more.jsonl").write_text('{"id": 1, "v": [1, 2]}\n{"id": 2, "v": [3, 4]}\n')
    run("cp", tmp_path / "files", f"{root}/files")
    assert rows_of(f"{root}/files/rows.parquet") == rows_of(books)
    assert json.loads(run("info", f"{root}/files/rows.parquet", "--json").stdout)["rows"] == 1000
    run("import", f"{root}/again", f"{root}/files/rows.parquet")
    assert rows_of(f"{root}/again") == rows_of(books)
    run("import", tmp_path / "local", f"{root}/files/more.jsonl")
    assert rows_of(tmp_path / "local") == '{"id":1,"v":[1,2]}\n{"id":2,"v":[3,4]}\n'
    run("head", f"{root}/files/none.parquet", code=4)


def test_a_table_is_copied_there_and_back(books, root, tmp_path):
    done = json.loads(run("cp", books, f"{root}/copy", "--json").stdout)
    assert done["source"] == books and done["target"] == f"{root}/copy" and done["objects_present"] == 0
    again = json.loads(run("cp", books, f"{root}/copy", "--json").stdout)
    assert (again["objects"], again["objects_present"]) == (0, done["objects"])
    run("cp", f"{root}/copy", tmp_path / "back", "--compare")
    assert rows_of(f"{root}/copy") == rows_of(tmp_path / "back") == rows_of(books)
    run("verify", tmp_path / "back", "--deep")
    run("quickstart", f"{root}/other", "--quiet")
    run("cp", books, f"{root}/other", code=5)


def test_doctor_finds_the_store_fit(books):
    checks = checks_of(books)
    assert all(check["outcome"] == "ok" for check in checks.values()), checks
    assert {"service", "credentials", "reachable", "commits", "table", "orphans"} <= set(checks)
    assert "version 1" in checks["table"]["finding"]
    assert "commits" not in checks_of(books, "--read-only")
    # What was tried is gone.
    assert checks_of(books)["orphans"]["finding"] == "none"


def test_doctor_says_what_to_fix(books):
    if "AWS_SECRET_ACCESS_KEY" in os.environ:
        wrong = {"AWS_SECRET_ACCESS_KEY": "canary-canary-canary"}
        checks = checks_of(books, code=1, env=wrong)
        assert checks["reachable"]["outcome"] == "bad" and "check the keys" in checks["reachable"]["fix"]
        assert "commits" not in checks
    address = books + ("&" if "?" in books else "?") + "endpoint=http://127.0.0.1:1&timeout=2s"
    checks = checks_of(address, code=1)
    assert "http://127.0.0.1:1" in checks["reachable"]["fix"]


def test_options_come_from_the_command_line_and_from_a_file(books, tmp_path):
    if not STORE.startswith("s3://"):
        pytest.skip("keys of S3")
    bare = {name: "" for name in os.environ if name.startswith("AWS_")} | {"AWS_CONFIG_FILE": "/dev/null"}
    keys = {"endpoint": "AWS_ENDPOINT_URL", "region": "AWS_REGION", "access_key_id": "AWS_ACCESS_KEY_ID",
            "secret_access_key": "AWS_SECRET_ACCESS_KEY"}
    options = [word for name, variable in keys.items() for word in ("--storage-option", f"{name}={os.environ[variable]}")]
    count = ("query", books, "--count", "--json")
    assert json.loads(run(*count, *options, env=bare).stdout)["rows"] == 1000
    config = tmp_path / "varve.yaml"
    config.write_text("storage:\n  type: minio\n" + f"  address: {os.environ['AWS_ENDPOINT_URL']}\n"
                      f"  region: {os.environ['AWS_REGION']}\n  access_key_id: {os.environ['AWS_ACCESS_KEY_ID']}\n"
                      f"  secret_access_key: {os.environ['AWS_SECRET_ACCESS_KEY']}\n")
    assert json.loads(run(*count, "--config", config, env=bare).stdout)["rows"] == 1000
    assert json.loads(run(*count, env={**bare, "VARVE_CONFIG": str(config)}).stdout)["rows"] == 1000
    run("cp", books, tmp_path / "copy", "--config", config, env=bare)
    assert rows_of(tmp_path / "copy") == rows_of(books)
    assert run(*count, "--config", config, "--storage-option", "secret_access_key=canary-canary", env=bare, code=1).stderr


def metrics_of(text):
    """(name, store, operation, outcome) → value, of samples that have all three."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            sample = re.fullmatch(r'(\w+){store="([^"]*)"(?:,operation="(\w+)",outcome="(\w+)"(?:,le="([^"]+)")?)?} (\S+)', line)
            assert sample, line
            name, store, operation, outcome, bound, value = sample.groups()
            if bound is None or bound == "+Inf":
                found[name, store, operation, outcome] = float(value)
    return found


def test_metrics_tell_what_the_store_was_asked(books, root, tmp_path):
    done = run("head", books, "-n", 10000, "--json", "--metrics")
    assert done.stdout == rows_of(books)
    found = metrics_of(done.stderr)
    assert {store for _, store, _, _ in found} == {books}
    calls, requests, read, count = (found[f"varve_storage_{name}", books, "read", "ok"] for name in (
        "calls_total", "requests_total", "bytes_total", "call_duration_seconds_count"))
    assert requests >= calls == count == found["varve_storage_call_duration_seconds_bucket", books, "read", "ok"] > 0
    assert read > 0 and found["varve_storage_call_duration_seconds_sum", books, "read", "ok"] > 0

    run("export", books, tmp_path / "rows.parquet")
    found = metrics_of(run("import", f"{root}/more", tmp_path / "rows.parquet", "--quiet", "--metrics").stderr)
    written = sum(value for (name, _, operation, outcome), value in found.items()
                  if name == "varve_storage_bytes_total" and outcome == "ok" and operation != "read")
    assert written >= sum(group["bytes"] for segment in json.loads(run("tree", f"{root}/more", "--json").stdout)["segments"]
                          for group in segment["column_groups"])

    found = metrics_of(run("cp", books, f"{root}/copy", "--quiet", "--metrics").stderr)
    assert {store for _, store, _, _ in found} == {books, f"{root}/copy"}

    done = run("head", f"{root}/none", "--json", "--metrics", code=4)
    *text, error = done.stderr.splitlines()
    assert metrics_of("\n".join(text)) and json.loads(error)["error"]["exit_code"] == 4


@pytest.mark.skipif(not STORE.startswith("s3://"), reason="only S3 tells its uploads")
def test_uploads_of_killed_writers_are_aborted_on_demand(books, tmp_path):
    leave = """
import os, sys
from pyarrow import fs
store = fs.S3FileSystem(access_key=os.environ["AWS_ACCESS_KEY_ID"], secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
                        region=os.environ["AWS_REGION"], endpoint_override=os.environ["AWS_ENDPOINT_URL"], background_writes=False)
stream = store.open_output_stream(sys.argv[1])
stream.write(bytes(11 << 20))
os._exit(0)
"""
    path = f"{books.removeprefix('s3://')}/data/cut-off"
    subprocess.run([sys.executable, "-c", leave, path], check=True, timeout=300)
    replica = ("--storage-option", f"read_replicas={tmp_path}")
    assert checks_of(books, "--abort-uploads", "3d", *replica)["uploads aborted"]["finding"] == "0"
    assert checks_of(books, "--abort-uploads", "2999-01-01", *replica)["uploads aborted"]["finding"] == "1"
    assert checks_of(books, "--abort-uploads", "2999-01-01")["uploads aborted"]["finding"] == "0"


def test_export_to_milvus_and_import_from_there(books, root, tmp_path):
    run("export", books, f"{root}/backup", "--to", "milvus-v2", "--primary-key", "id")
    assert '"V2"' in run("segment", "ls", f"{root}/backup", "--json").stdout
    run("import", tmp_path / "again", f"{root}/backup", "--from", "milvus")
    # Milvus has no instants, only their microseconds.
    columns = ("--columns", "id,label,title,embedding")
    assert rows_of(tmp_path / "again", *columns) == rows_of(books, *columns)
