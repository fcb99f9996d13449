# SPDX-License-Identifier: Apache-2.0
"""A backup of Milvus on the store that VARVE_TEST_STORE names (tests/stores/servers.py), read and imported by the built command (VARVE)."""

import json
import os
import pathlib
import subprocess
import sys
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "compat"))
import milvus_backup as milvus  # noqa: E402

STORE = os.environ["VARVE_TEST_STORE"]

pytestmark = pytest.mark.skipif(bool(os.environ["VARVE_TEST_STORE_LACKS"]), reason="no store for tables")


def run(*words, code=0):
    done = subprocess.run([os.environ["VARVE"], *map(str, words)], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, f"exit {done.returncode}, expected {code}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def ids(*words):
    return [json.loads(line)["id"] for line in run(*words, "--json").splitlines()]


@pytest.mark.parametrize("version", ["V1", "V2"])
def test_a_backup_is_read_and_imported(version, tmp_path):
    milvus.write(tmp_path / "demo", version)
    address = f"{STORE}/{uuid.uuid4().hex}"
    run("cp", tmp_path / "demo", f"{address}/demo")
    expected = [0, 1, 3, 4, 5, 6, 7, 8]
    assert ids("segment", "cat", f"{address}/demo", "-c", "id") == expected
    assert ids("segment", "cat", f"{address}/demo", "-c", "id", "--as-of", milvus.INSERTED) == [0, 1, 2, 3]
    assert ids("segment", "cat", f"{address}/demo/binlogs/insert_log/700/702", "-c", "id") == [8]
    run("import", f"{address}/books", f"{address}/demo", "--from", "milvus")
    assert ids("query", f"{address}/books", "--columns", "id") == expected
    log = next((tmp_path / "demo" / "binlogs").glob("delta_log/*/*/703/703/*")).relative_to(tmp_path)
    assert json.loads(run("binlog", "cat", f"{address}/{log}", "--json")) == {"pk": 2, "ts": milvus.DELETED}
