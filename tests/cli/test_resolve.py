# SPDX-License-Identifier: Apache-2.0
"""`varve resolve`: what became of a commit, by its token."""

import io

import pyarrow as pa
import pytest
from conftest import run


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def commit_id(manifest):
    """Field 3 of the payload (docs/format/manifest.md), which begins where zstd's magic number stands."""
    data = manifest.read_bytes()
    payload = pa.CompressedInputStream(io.BytesIO(data[data.index(b"\x28\xb5\x2f\xfd"):]), "zstd").read()
    at = 0
    while at < len(payload):
        key, at = varint(payload, at)
        if key & 7 == 0:
            _, at = varint(payload, at)
            continue
        assert key & 7 == 2 or key & 7 == 1
        size, at = varint(payload, at) if key & 7 == 2 else (8, at)
        if key >> 3 == 3:
            assert size == 16
            return payload[at:at + size].hex()
        at += size
    raise AssertionError("no commit id")


@pytest.fixture(scope="module")
def books(parquet, tmp_path_factory):
    path = tmp_path_factory.mktemp("resolve") / "books"
    run("import", path, parquet)
    run("import", path, parquet)
    return path


def test_a_commit_that_took_place_is_told_by_its_version(books):
    for version, manifest in zip((2, 1), sorted((books / "_versions").iterdir()), strict=True):
        token = f"{commit_id(manifest)}:{version}"
        found = run("resolve", books, token, "--json").json
        assert (found["table"], found["version"], found["rows_added"]) == (f"file://{books}", version, 500)
        assert f"committed: version {version} of" in run("resolve", books, token).out


def test_a_commit_that_did_not_is_a_conflict_and_one_that_may_still_is_unknown(books):
    never = "0" * 31 + "1"
    assert run("resolve", books, f"{never}:2", "--json", code=5).error["kind"] == "commit_conflict"
    error = run("resolve", books, f"{never}:3", "--json", code=6).error
    assert error["kind"] == "commit_unknown" and error["token"] == f"{never}:3"


def test_what_is_no_token_is_bad_usage(books, tmp_path):
    assert "not a commit token" in run("resolve", books, "seventeen", code=2).err
    run("resolve", tmp_path / "none", f"{'0' * 32}:1", code=4)
