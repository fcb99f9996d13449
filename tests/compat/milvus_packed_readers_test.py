# SPDX-License-Identifier: Apache-2.0
"""Packed sets of Milvus' layout, written by us, as other engines read them: pyarrow (page checksums on), DuckDB, Polars and
DataFusion must return exactly the values that were written, to the last bit; and the files have the keys, ids, types and
codecs that Milvus reads and writes.

usage: milvus_packed_readers_test.py <varve_write_milvus_set>
"""
import os
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from packed_readers_test import READERS, as_table

SEED = int.from_bytes(os.urandom(4), "little")
ROWS = 5000
DIM = 24

FLOAT_EDGES = np.array([0, 0x80000000, 1, 0x807FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC12345, 0x7F800001], np.uint32)
DOUBLE_EDGES = np.array([0, 1 << 63, 1, 0x800FFFFFFFFFFFFF, 0x7FF0000000000000, 0xFFF8123456789ABC, 0x7FF0000000000001], np.uint64)


def integers(rng, kind):
    bounds = np.iinfo(kind)
    values = rng.integers(bounds.min, bounds.max, ROWS, dtype=kind, endpoint=True)
    values[:3] = bounds.min, bounds.max, 0
    return values


def sparse(rng):
    indices = np.unique(rng.integers(0, (1 << 32) - 1, 3, dtype=np.uint32))
    if rng.random() < 0.3:
        indices = np.unique(np.append(indices, [0, (1 << 32) - 2]).astype(np.uint32))
    return b"".join(i.tobytes() + np.float32(rng.random()).tobytes() for i in indices[: rng.integers(0, 6)])


def columns_of(rng):
    """Name -> (type, whether it may be null, values), in the order of a schema of Milvus."""
    texts = np.array(["", "é", "kelp", "x" * 300, "nul\0inside"], dtype=object)
    floats = np.where(rng.random(ROWS) < 0.5, rng.choice(FLOAT_EDGES, ROWS), rng.integers(0, 1 << 32, ROWS, dtype=np.uint32))
    doubles = np.where(rng.random(ROWS) < 0.5, rng.choice(DOUBLE_EDGES, ROWS), rng.integers(0, 1 << 63, ROWS, dtype=np.uint64))
    vectors = [rng.bytes(4 * DIM) for _ in range(ROWS)]
    lists = [[rng.bytes(8) for _ in range(rng.integers(0, 4))] for _ in range(ROWS)]
    values = {
        "key": (pa.int64(), integers(rng, np.int64)),
        "flag": (pa.bool_(), rng.random(ROWS) < 0.5),
        "i8": (pa.int8(), integers(rng, np.int8)),
        "i16": (pa.int16(), integers(rng, np.int16)),
        "i32": (pa.int32(), integers(rng, np.int32)),
        "f32": (pa.float32(), floats.astype(np.uint32).view(np.float32)),
        "f64": (pa.float64(), doubles.astype(np.uint64).view(np.float64)),
        "text": (pa.utf8(), texts[rng.integers(0, 5, ROWS)]),
        "json": (pa.binary(), [b'{"n":%d}' % n for n in range(ROWS)]),
        "sparse": (pa.binary(), [sparse(rng) for _ in range(ROWS)]),
        "emb": (pa.binary(4 * DIM), vectors),
        "many": (pa.list_(pa.binary(8)), lists),
    }
    columns = {}
    for name, (kind, items) in values.items():
        columns[name] = (kind, False, pa.array(items, kind))
        if name == "key":
            continue
        # Dense vectors that may be null are binary.
        loose = pa.binary() if pa.types.is_fixed_size_binary(kind) else kind
        mask = rng.random(ROWS) < 0.3
        columns[name + "?"] = (loose, True, pa.array(items, loose, mask=mask) if not pa.types.is_list(kind) else
                               pa.array([None if null else item for null, item in zip(mask, items)], loose))
    columns["RowID"] = (pa.int64(), False, pa.array(np.arange(ROWS)))
    # Hybrid timestamps are unsigned; those from 2^63 on are negative here.
    stamps = (np.uint64(1 << 64 - 1) + rng.integers(0, 1 << 62, ROWS, dtype=np.uint64)).view(np.int64)
    columns["Timestamp"] = (pa.int64(), False, pa.array(stamps))
    return columns


def bits(column):
    """Values that can be compared: floating-point numbers as their bits."""
    if pa.types.is_floating(column.type):
        kind = np.uint32 if pa.types.is_float32(column.type) else np.uint64
        numbers = pa.concat_arrays(column.fill_null(0).chunks)
        found = numbers.to_numpy().view(kind).tolist()
        return [n if ok else None for n, ok in zip(found, column.is_valid().to_pylist())]
    return column.to_pylist()


def check_footer(path, table, names, ids, id_list):
    metadata = pq.read_metadata(path)
    keys = metadata.metadata
    assert keys[b"group_field_id_list"].decode() == id_list, keys
    assert keys[b"storage_version"] == b"1.0.0", keys
    assert set(keys) == {b"group_field_id_list", b"storage_version", b"row_group_metadata"}, set(keys)
    entries = [tuple(map(int, e.split("|"))) for e in keys[b"row_group_metadata"].decode().split(";")]
    rows = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert [e[1] for e in entries] == rows, (entries, rows)
    assert [e[2] for e in entries] == [sum(rows[:i]) for i in range(len(rows))], entries
    schema = metadata.schema.to_arrow_schema()
    assert schema.names == names
    assert [int(f.metadata[b"PARQUET:field_id"]) for f in schema] == ids, schema
    for leaf, name in enumerate(names):
        chunk = metadata.row_group(0).column(leaf)
        kind = table.schema.field(name).type
        plain_vector = pa.types.is_fixed_size_binary(kind)
        assert chunk.compression == ("UNCOMPRESSED" if plain_vector else "ZSTD"), (name, chunk)
        if plain_vector or pa.types.is_binary(kind):
            assert chunk.statistics is None, (name, chunk)
    return len(rows)


def main():
    tool = sys.argv[1]
    print("seed", SEED)
    columns = columns_of(np.random.Generator(np.random.PCG64(SEED)))
    ids = {name: {"RowID": 0, "Timestamp": 1}.get(name, 100 + i) for i, name in enumerate(columns)}
    schema = pa.schema([pa.field(name, kind, nullable, {"PARQUET:field_id": str(ids[name])})
                        for name, (kind, nullable, _) in columns.items()])
    table = pa.table([values for _, _, values in columns.values()], schema=schema)
    alone = ["emb", "emb?", "many", "many?"]
    keys = ["key", "RowID", "Timestamp"]
    groups = [keys, [n for n in columns if n not in keys + alone], *([n] for n in alone)]
    id_list = ";".join(",".join(str(ids[n]) for n in group) for group in groups)
    for row_group_bytes in (1 << 20, 50_000):
        compared = 0
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "rows.arrow")
            with pa.OSFile(source, "wb") as file, pa.ipc.new_file(file, schema) as writer:
                for batch in table.to_batches(max_chunksize=1777):
                    writer.write_batch(batch)
            out = os.path.join(folder, "out")
            run = subprocess.run([tool, source, out, str(row_group_bytes), *(",".join(g) for g in groups)],
                                 capture_output=True, text=True)
            assert run.returncode == 0, run.stderr
            num_row_groups = []
            for i, names in enumerate(groups):
                path = os.path.join(out, f"{i}.parquet")
                num_row_groups.append(check_footer(path, table, names, [ids[n] for n in names], id_list))
                for reader in READERS:
                    found = as_table(reader, path)
                    assert found.column_names == names, (reader, found.column_names)
                    for name in names:
                        got, wanted = bits(found[name]), bits(table[name])
                        if got != wanted:
                            row = next(r for r, (a, b) in enumerate(zip(got, wanted)) if a != b)
                            raise AssertionError(f"{reader}: {name}[{row}]: {got[row]} is not {wanted[row]}")
                        compared += len(got)
            assert row_group_bytes > 50_000 or min(num_row_groups) > 1, num_row_groups
        print(f"row groups of {row_group_bytes} bytes {num_row_groups}: {compared} values equal")


main()
