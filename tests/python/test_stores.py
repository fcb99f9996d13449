# SPDX-License-Identifier: Apache-2.0
"""Options of stores, tokens of commits and metrics, as far as they need no server (tests/stores has those that do)."""

import pytest

import varve

SECRET = "canary-7f3a"


def test_options_of_an_object_store_are_for_it_alone(tmp_path):
    table = varve.create(tmp_path / "t", {"id": [1, 2]}, storage_options={"aws_region": "x"})
    assert len(varve.open(table.uri, storage_options={"aws_region": "x"})) == 2


@pytest.mark.parametrize("call", [lambda uri, options: varve.open(uri, storage_options=options),
                                  lambda uri, options: varve.create(uri, {"id": [1]}, storage_options=options)])
def test_errors_keep_their_classes_and_name_no_secret(call):
    for options, expected in (({"secret_acess_key": SECRET}, (varve.InvalidError, varve.UnsupportedError)),
                              ({"timeout": SECRET}, (varve.InvalidError, varve.UnsupportedError)),
                              ({"endpoint": "http://127.0.0.1:1", "timeout": "1s", "retry_attempts": 0, "region": "x",
                                "access_key_id": SECRET, "secret_access_key": SECRET, "allow_http": True},
                               (varve.IOError, varve.UnsupportedError))):
        with pytest.raises(expected) as error:
            call("s3://bucket/books", options)
        if "timeout" not in options or "endpoint" in options:
            assert SECRET not in str(error.value)


def test_options_are_texts_numbers_and_bools():
    for options in ({"key": SECRET.encode()}, {"key": None}, {"key": [SECRET]}, {3: "x"}):
        with pytest.raises(TypeError) as error:
            varve.open("s3://bucket/books", storage_options=options)
        assert SECRET not in str(error.value) and "storage option" in str(error.value)


def test_a_commit_is_settled_by_its_token(tmp_path):
    table = varve.create(tmp_path / "t", {"id": [1, 2]})
    never = "0" * 31 + "1"
    with pytest.raises(varve.CommitConflictError):
        table.resolve_commit(f"{never}:1")
    with pytest.raises(varve.CommitUnknownError) as error:
        table.resolve_commit(f"{never}:2")
    assert error.value.token == f"{never}:2"
    with pytest.raises(varve.InvalidError):
        table.resolve_commit("seventeen")


def test_a_local_table_has_no_metrics(tmp_path):
    assert varve.create(tmp_path / "t", {"id": [1]}).storage_metrics() is None
