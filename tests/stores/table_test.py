# SPDX-License-Identifier: Apache-2.0
"""A table on the store that VARVE_TEST_STORE names (tests/stores/servers.py), through the built command (VARVE): everything a
table does, and many writers at once."""

import concurrent.futures
import json
import os
import subprocess
import uuid

import pytest

STORE = os.environ["VARVE_TEST_STORE"]
VARVE = os.environ["VARVE"]
NUM_WRITERS = int(os.environ.get("VARVE_TEST_WRITERS", 8))
APPENDS_EACH = int(os.environ.get("VARVE_TEST_APPENDS", 10))

pytestmark = pytest.mark.skipif(bool(os.environ["VARVE_TEST_STORE_LACKS"]), reason="no store for tables")


def run(*words, stdin=None, code=0, env=None):
    done = subprocess.run([VARVE, *map(str, words)], capture_output=True, text=True, input=stdin, timeout=300,
                          env={**os.environ, **(env or {})})
    assert done.returncode == code, f"exit {done.returncode}, expected {code}\n{done.stdout}\n{done.stderr}"
    return done


def lines(*words):
    return [json.loads(line) for line in run(*words, "--json").stdout.splitlines()]


def append(table, rows):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    return json.loads(run("import", table, "-", "--format", "jsonl", "--json", stdin=text).stdout)


@pytest.fixture
def table():
    address = f"{STORE}/{uuid.uuid4().hex}/books"
    run("create", address, "--field", "id:Int64", "--field", "title:VarChar:null", "--field", "v:FloatVector:2", "--primary-key", "id")
    return address


def row(number):
    return {"id": number, "title": None if number % 3 == 0 else f"title {number}", "v": [number / 4, -number]}


def test_a_table_does_what_it_does_elsewhere(table):
    rows = [row(number) for number in range(500)]
    assert append(table, rows[:300])["version"] == 2
    assert append(table, rows[300:])["version"] == 3
    assert lines("head", table, "-n", 1000) == rows
    assert lines("head", table, "-n", 1000, "--version", 2) == rows[:300]
    assert lines("take", table, 499, 0, 300, 7) == [rows[499], rows[0], rows[300], rows[7]]
    assert lines("query", table, "--filter", "id >= 100 and id < 103") == rows[100:103]
    assert [entry["version"] for entry in lines("history", table)] == [3, 2, 1]
    assert json.loads(run("info", table, "--json").stdout)["rows"] == 500
    run("verify", table)


def test_a_table_that_is_not_there_is_an_error_that_names_it():
    done = run("info", f"{STORE}/{uuid.uuid4().hex}/nothing", code=4)
    assert "nothing" in done.stderr


def test_many_writers_lose_and_double_nothing(table, record_property):
    """A process of its own for each append."""

    def write(writer):
        return [append(table, [row(writer * APPENDS_EACH + i)])["version"] for i in range(APPENDS_EACH)]

    with concurrent.futures.ThreadPoolExecutor(NUM_WRITERS) as writers:
        versions = [version for each in writers.map(write, range(NUM_WRITERS)) for version in each]
    count = NUM_WRITERS * APPENDS_EACH
    rows = lines("head", table, "-n", count + 1)
    record_property("commits", len(set(versions)))
    record_property("rows", len(rows))
    record_property("distinct", len({found["id"] for found in rows}))
    assert sorted(versions) == list(range(2, count + 2))
    assert sorted(rows, key=lambda found: found["id"]) == [row(number) for number in range(count)]
    run("verify", table)


def test_secrets_stay_out_of_messages(table):
    """Of every variable that holds one, also where it is wrong."""
    for name in ("AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT_KEY"):
        if name not in os.environ:
            continue
        canary = "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LWNhbmFyeQ=="
        done = subprocess.run([VARVE, "info", table, "--json"], capture_output=True, text=True, timeout=300,
                              env={**os.environ, name: canary})
        assert done.returncode != 0
        assert canary not in done.stdout + done.stderr
