# SPDX-License-Identifier: Apache-2.0
"""Tables where a configuration file says what the caller does not, as far as that needs no server."""

import pathlib

import pyarrow.parquet as pq
import pytest

import varve

SECRET = "canary-7f3a"


@pytest.fixture
def shelf(tmp_path):
    return tmp_path / "shelf"


@pytest.fixture
def text(shelf):
    return f"storage:\n  type: local\n  root_path: {shelf}\n  compression: {{algorithm: gzip, level: 9}}\n"


@pytest.fixture
def file(tmp_path, text):
    path = tmp_path / "varve.yaml"
    path.write_text(text)
    return path


ROWS = {"id": list(range(100)), "title": [f"title {i}" for i in range(100)]}


def codecs_of(folder):
    group = pq.ParquetFile(next((folder / "data").iterdir())).metadata.row_group(0)
    return {group.column(i).path_in_schema: group.column(i).compression for i in range(group.num_columns)}


def check(shelf, tmp_path, made, **config):
    assert made.uri == f"file://{shelf / 'books'}"
    assert codecs_of(shelf / "books")["title"] == "GZIP"
    assert varve.open("books", **config).take([7]).to_pylist() == [{"id": 7, "title": "title 7"}]
    elsewhere = varve.create(tmp_path / "elsewhere", ROWS, compression="lz4", **config)
    assert elsewhere.uri == f"file://{tmp_path / 'elsewhere'}"
    assert codecs_of(tmp_path / "elsewhere")["title"] == "LZ4"
    with pytest.raises(varve.NotFoundError):
        varve.open("./books", **config)


@pytest.mark.parametrize("form", [str, pathlib.Path, lambda path: path.read_text()], ids=["text of a path", "path", "text"])
def test_a_configuration_says_where_and_how(tmp_path, shelf, file, form, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = form(file)
    check(shelf, tmp_path, varve.create("books", ROWS, config=config), config=config)


def test_the_environment_names_one(tmp_path, shelf, file, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VARVE_CONFIG", str(file))
    check(shelf, tmp_path, varve.create("books", ROWS))
    other = tmp_path / "other"
    assert varve.create("books", ROWS, config=f"storage: {{type: local, root_path: {other}}}").uri == f"file://{other / 'books'}"
    monkeypatch.setenv("VARVE_CONFIG", "")
    with pytest.raises(varve.NotFoundError):
        varve.open("books")


def test_an_append_has_the_codec_of_the_configuration(tmp_path, file):
    varve.create(tmp_path / "t", {"id": [1], "title": ["x"]}, compression="lz4")
    for path in (tmp_path / "t" / "data").iterdir():
        path.rename(path.with_suffix(".first"))
    varve.open(tmp_path / "t", config=file).append(ROWS)
    (second,) = (tmp_path / "t" / "data").glob("*.parquet")
    group = pq.ParquetFile(second).metadata.row_group(0)
    assert {group.column(i).compression for i in range(group.num_columns)} & {"GZIP", "LZ4"} == {"GZIP"}


def test_what_has_no_effect_is_a_warning(tmp_path):
    config = "storage:\n  type: local\n  cache: {memory_limit: 8GB}\n"
    with pytest.warns(UserWarning, match="configuration:3: storage.cache.memory_limit has no effect yet") as caught:
        varve.create(tmp_path / "t", {"id": [1]}, config=config)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("call", [lambda config: varve.open("books", config=config),
                                  lambda config: varve.create("books", ROWS, config=config)])
def test_mistakes_name_the_line_and_no_secret(tmp_path, call):
    text = f"storage:\n  type: minio\n  secret_access_kye: {SECRET}\n"
    path = tmp_path / "varve.yaml"
    path.write_text(text)
    for config, place in ((path, f"{path}:3"), (text, "configuration:3")):
        with pytest.raises(varve.InvalidError) as error:
            call(config)
        assert place in str(error.value) and SECRET not in str(error.value)
        assert error.value.field == "storage.secret_access_kye"
    with pytest.raises(varve.NotFoundError, match="cannot open the configuration"):
        call(tmp_path / "none.yaml")
    with pytest.raises(TypeError):
        call(7)


def test_options_for_a_store_come_from_it_and_the_caller_goes_before(tmp_path):
    def endpoint(port):
        return (f"storage:\n  type: minio\n  address: 127.0.0.1:{port}\n  region: us-east-1\n  access_key_id: {SECRET}\n"
                f"  secret_access_key: {SECRET}\n  options: {{retry_attempts: 0, timeout: 1s}}\n")

    expected = (varve.IOError, varve.UnsupportedError)  # the second in builds without object stores
    for call in (lambda **options: varve.open("s3://bucket/books", config=endpoint(1), **options),
                 lambda **options: varve.create("s3://bucket/books", ROWS, config=endpoint(1), **options)):
        with pytest.raises(expected) as error:
            call()
        assert SECRET not in str(error.value)
        with pytest.raises((varve.InvalidError, varve.UnsupportedError), match="timeout|object stores"):
            call(storage_options={"timeout": "soon"})
