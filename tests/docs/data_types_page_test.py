# SPDX-License-Identifier: Apache-2.0
"""The dump of docs/format/data-types.md shows what stands in the file: each value is written, and its bytes are read by pyarrow and
looked for in the file itself where the column is stored plain."""

import pathlib
import re
import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import varve

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "format" / "data-types.md"
HEADER = 64  # of a page of an addressable chunk without nulls

# The values that the page's annotations name.
FIELDS = {
    "FloatVector": (pa.list_(pa.float32(), 2), {}, [1.0, -2.5]),
    "Float16Vector": (pa.list_(pa.float16(), 2), {}, [np.float16(1), np.float16(-2.5)]),
    "BFloat16Vector": (pa.binary(4), {"varve.type": "BFloat16Vector"},
                       b"".join(struct.pack("<f", x)[2:] for x in (1.0, -2.5))),
    "Int8Vector": (pa.list_(pa.int8(), 4), {}, [1, -1, 2, -128]),
    "BinaryVector": (pa.binary(2), {}, sum(1 << bit for bit in (0, 2, 15)).to_bytes(2, "little")),
    "SparseFloatVector": (pa.binary(), {"varve.type": "SparseFloatVector"}, struct.pack("<IfIf", 3, 0.5, 70000, -1.0)),
    "JSON": (pa.binary(), {"varve.type": "JSON"}, b'{"a": 1}'),
    "Timestamptz": (pa.timestamp("us", "UTC"), {}, 1_700_000_000_000_000),
    "Double": (pa.float64(), {}, -2.5),
}


def shown():
    """Name of the type -> bytes."""
    dump = re.search(r"^```hexdump\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL).group(1)
    lines = [line.split("|") for line in dump.splitlines()]
    return {re.match(r"\s*(\w+)", text).group(1): bytes.fromhex(digits) for digits, text in lines}


def test_the_dump_is_what_is_written(tmp_path):
    schema = pa.schema([pa.field(name, kind, nullable=False, metadata=metadata) for name, (kind, metadata, _) in FIELDS.items()])
    # Timestamps as plain numbers: three rows that no other encoding makes smaller.
    rows = pa.table([pa.array([value] * 3, kind) for kind, _, value in FIELDS.values()], schema=schema)
    table = varve.create(str(tmp_path / "types"), rows)
    assert table.take([0]).to_arrow().equals(pa.table(table.scan()).slice(0, 1))
    [file] = (tmp_path / "types" / "data").iterdir()
    stored, raw = pq.ParquetFile(file), file.read_bytes()
    dump = shown()
    assert list(dump) == list(FIELDS)
    addressed = set()
    for i, (name, field) in enumerate(zip(FIELDS, stored.schema_arrow)):
        column = stored.read(columns=[name]).column(0).chunk(0)
        if pa.types.is_timestamp(field.type):
            column = column.cast(pa.int64())
        value = column[0].as_py()
        found = value if isinstance(value, bytes) else struct.pack("<d" if isinstance(value, float) else "<q", value)
        assert found == dump[name], name
        chunk = stored.metadata.row_group(0).column(i)
        if chunk.physical_type == "FIXED_LEN_BYTE_ARRAY":
            assert (chunk.compression, set(chunk.encodings)) == ("UNCOMPRESSED", {"PLAIN", "RLE"}), name
            at = chunk.data_page_offset + HEADER
            assert raw[at:at + 3 * len(found)] == 3 * found, name
            addressed.add(name)
    assert addressed == {name for name in FIELDS if name.endswith("Vector")} - {"SparseFloatVector"}
