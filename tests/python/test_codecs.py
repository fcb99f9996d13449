# SPDX-License-Identifier: Apache-2.0
"""Codecs of single fields and their levels, as pyarrow finds them in the files."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import DIM, plain

import varve

ROWS = 4000


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(20261127)
    words = [f"word{i}" for i in range(50)]
    return pa.table({
        "id": np.arange(ROWS, dtype=np.int64),
        "label": random.integers(0, 100, ROWS, dtype=np.int32),
        "title": [" ".join(words[i] for i in random.integers(0, 50, 20)) for _ in range(ROWS)],
        "note": [f"note {i}" for i in range(ROWS)],
        "emb": pa.FixedSizeListArray.from_arrays(pa.array(random.standard_normal(ROWS * DIM, dtype=np.float32)), DIM),
    })


def chunks_of(table, version=None):
    """Column → (codec, compressed bytes) of the files that version added; of all files without one."""
    found = {}
    for file in sorted((table / "data").iterdir()):
        if version is not None and not file.name.startswith(f"{version}-"):
            continue
        metadata = pq.ParquetFile(file).metadata
        for i in range(metadata.num_row_groups):
            for j in range(metadata.num_columns):
                chunk = metadata.row_group(i).column(j)
                name = chunk.path_in_schema.split(".")[0]
                codec, size = found.get(name, (chunk.compression, 0))
                assert codec == chunk.compression
                found[name] = (codec, size + chunk.total_compressed_size)
    return found


def test_each_field_has_the_codec_that_it_was_given(tmp_path, rows):
    codec = {"id": "gzip", "label": "snappy", "title": "lz4:9", "note": "none", "emb": "zstd:3"}
    table = varve.create(tmp_path / "t", rows, layout={"emb": "compact"}, codec=codec)
    found = {name: codec for name, (codec, _) in chunks_of(tmp_path / "t").items()}
    assert found == {"id": "GZIP", "label": "SNAPPY", "title": "LZ4", "note": "UNCOMPRESSED", "emb": "ZSTD"}
    assert plain(table.scan()).equals(plain(rows))


def test_levels_count(tmp_path, rows):
    for name, level in (("quick", 1), ("small", 19)):
        varve.create(tmp_path / name, rows, codec={"title": f"zstd:{level}"})
    quick, small = (chunks_of(tmp_path / name)["title"] for name in ("quick", "small"))
    assert quick[0] == small[0] == "ZSTD" and small[1] < quick[1]


def test_compression_is_for_all_and_codec_goes_before_it(tmp_path, rows):
    table = varve.create(tmp_path / "t", rows, compression="gzip:9", codec={"note": "snappy"})
    found = chunks_of(tmp_path / "t", 1)
    assert (found["title"][0], found["note"][0]) == ("GZIP", "SNAPPY")
    assert "ZSTD" not in {codec for codec, _ in found.values()}
    table.append(rows)  # the object remembers
    table.append(rows, compression="lz4", codec={"id": "gzip"})  # this once
    table.append(rows)
    wanted = {2: ("GZIP", "SNAPPY"), 3: ("LZ4", "SNAPPY"), 4: ("GZIP", "SNAPPY")}
    for version, codecs in wanted.items():
        found = chunks_of(tmp_path / "t", version)
        assert (found["title"][0], found["note"][0]) == codecs, version
        assert (found["id"][0] == "GZIP") == (version == 3)
    assert plain(table.scan()).equals(plain(pa.concat_tables([rows] * 4)))


@pytest.mark.parametrize("codec, words", [
    ({"title": "zst"}, "unknown compression 'zst'; did you mean 'zstd'"),
    ({"title": "zstd:23"}, "'23' is no compression level of zstd"),
    ({"title": "snappy:1"}, "compression 'snappy' has no levels"),
    ({"titel": "zstd"}, "did you mean 'title'"),
    ({"emb": "zstd"}, "must be compact"),
])
def test_mistakes_name_the_field_and_write_nothing(tmp_path, rows, codec, words):
    (field,) = codec
    table = varve.create(tmp_path / "there", rows)
    for call in (lambda: varve.create(tmp_path / "t", rows, codec=codec), lambda: table.append(rows, codec=codec),
                 lambda: varve.create(tmp_path / "t", rows.schema, codec=codec)):
        with pytest.raises(varve.InvalidError, match=words) as error:
            call()
        assert error.value.field == field and f"field '{field}'" in str(error.value)
    assert not (tmp_path / "t").exists() or not any(path.is_file() for path in (tmp_path / "t").rglob("*"))
    assert (table.version, len(table)) == (1, ROWS)


def test_a_mistake_in_compression_names_what_is_close(tmp_path, rows):
    with pytest.raises(varve.InvalidError, match="unknown compression 'gzipp'; did you mean 'gzip'"):
        varve.create(tmp_path / "t", rows, compression="gzipp")
