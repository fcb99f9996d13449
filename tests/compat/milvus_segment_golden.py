# SPDX-License-Identifier: Apache-2.0
"""Prints what pyarrow finds in the V1 segment of the test data, for src/binlog/milvus_segment_test.cc.

    .venv/bin/python tests/compat/milvus_segment_golden.py ../shared/data > tests/fixtures/milvus/v1-segment.txt

Event frames are taken apart here with struct alone. A line an insert log: path below the data, field id, code of the data
type, rows, CRC-32 of the values' bytes (numbers little-endian; texts each behind its length as u32), first and last value.
A line a delete: "delete", key, timestamp.
"""
import json
import pathlib
import struct
import sys
import zlib

import pyarrow as pa
import pyarrow.parquet


def events(data):
    assert data[:4] == b"\xbc\xfa\xff\x00"
    descriptor = struct.unpack_from("<qqqqQQi", data, 21)
    (length,) = struct.unpack_from("<i", data, 13)
    offset = 4 + length
    while offset < len(data):
        (length,) = struct.unpack_from("<i", data, offset + 9)
        yield descriptor, data[offset + 33 : offset + length]
        offset += length


def value_bytes(value):
    if isinstance(value, int):
        return struct.pack("<q", value)
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, str):
        return struct.pack("<I", len(value.encode())) + value.encode()
    return value


def shown(value):
    return value.hex() if isinstance(value, bytes) else repr(value) if isinstance(value, float) else str(value)


root = pathlib.Path(sys.argv[1]) / "milvus/v1"
for path in sorted(p for p in (root / "insert_log").rglob("*") if p.is_file()):
    for descriptor, payload in events(path.read_bytes()):
        values = pyarrow.parquet.read_table(pa.BufferReader(payload)).column(0).to_pylist()
        crc = zlib.crc32(b"".join(map(value_bytes, values)))
        print(path.relative_to(root), descriptor[3], descriptor[6], len(values), f"{crc:08x}", shown(values[0]), shown(values[-1]))
for path in sorted(p for p in (root / "delta_log").rglob("*") if p.is_file()):
    for _, payload in events(path.read_bytes()):
        for row in pyarrow.parquet.read_table(pa.BufferReader(payload)).column(0).to_pylist():
            delete = json.loads(row)
            assert delete["pkType"] == 5
            print("delete", delete["pk"], delete["ts"])
