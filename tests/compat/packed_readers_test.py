# SPDX-License-Identifier: Apache-2.0
"""Packed files as other engines read them: pyarrow (page checksums on), DuckDB, Polars and DataFusion must return exactly
the values that were written, for every layout, codec, type and pattern of nulls.

usage: packed_readers_test.py <varve_write_packed_files>
"""
import datetime
import decimal
import os
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20261121
DIM = 24


def vectors(rng, rows, null_share):
    values = rng.standard_normal((rows, DIM), dtype=np.float32)
    mask = pa.array(rng.random(rows) < null_share)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), DIM, mask=mask if null_share else None)


def scalars(rng, rows, null_share):
    mask = rng.random(rows) < null_share if null_share else None
    ints = rng.integers(0, 1 << 40, rows)
    words = np.array(["", "é", "kelp", "a longer text than sixteen bytes", "zzz"], dtype=object)
    columns = {
        "n32": pa.array(rng.integers(-1000, 1000, rows, dtype=np.int32), mask=mask),
        "n64": pa.array(ints, mask=mask),
        "u64": pa.array(ints.astype(np.uint64) << np.uint64(20), mask=mask),
        "n16": pa.array(rng.integers(-1000, 1000, rows, dtype=np.int16), mask=mask),
        "flag": pa.array(rng.random(rows) < 0.5, mask=mask),
        "real": pa.array(rng.standard_normal(rows), mask=mask),
        "score": pa.array(rng.integers(0, 500, rows) / 100.0, mask=mask),
        "when": pa.array(1_700_000_000_000_000 + 37 * np.arange(rows), pa.timestamp("us"), mask=mask),
        "text": pa.array(words[rng.integers(0, 5, rows)] + rng.integers(0, 10**6, rows).astype(str), pa.utf8(), mask=mask),
        "word": pa.array(words[rng.integers(0, 5, rows)], pa.utf8(), mask=mask),
        "blob": pa.array([bytes(rng.integers(0, 256, 3, dtype=np.uint8)) for _ in range(rows)], pa.binary(), mask=mask),
        "tags": pa.array([list(range(i % 4)) if i % 7 or not null_share else None for i in range(rows)], pa.list_(pa.int32())),
        "pair": pa.array([{"x": i, "y": str(i)} for i in range(rows)], pa.struct({"x": pa.int64(), "y": pa.utf8()})),
    }
    return {"id": pa.array(np.arange(rows)), **columns}


def other_types(rng, rows, null_share):
    """What scalars leaves out; types that Parquet holds, and every reader here knows."""
    mask = rng.random(rows) < null_share if null_share else np.zeros(rows, bool)
    numbers = rng.integers(-(10**8), 10**8, rows)
    days = rng.integers(-40000, 40000, rows)
    columns = {
        "i8": pa.array(rng.integers(-128, 127, rows, dtype=np.int8), mask=mask),
        "u8": pa.array(rng.integers(0, 255, rows, dtype=np.uint8), mask=mask),
        "u16": pa.array(rng.integers(0, 65535, rows, dtype=np.uint16), mask=mask),
        "u32": pa.array(rng.integers(0, (1 << 32) - 1, rows, dtype=np.uint32), mask=mask),
        "f16": pa.array(rng.standard_normal(rows).astype(np.float16), mask=mask),
        "f32": pa.array(rng.standard_normal(rows, dtype=np.float32), mask=mask),
        "dec9": pa.array([decimal.Decimal(int(v)).scaleb(-2) for v in numbers], pa.decimal128(12, 2), mask=mask),
        "dec38": pa.array([decimal.Decimal(int(v)).scaleb(-10) for v in numbers], pa.decimal128(38, 10), mask=mask),
        "date": pa.array(days.astype(np.int32), pa.int32(), mask=mask).cast(pa.date32()),
        "time": pa.array(np.abs(numbers) * 800, pa.int64(), mask=mask).cast(pa.time64("us")),
        "ts_ms": pa.array(days * 86_400_123, pa.int64(), mask=mask).cast(pa.timestamp("ms")),
        "ts_ns": pa.array(days * 86_400_123_456_789, pa.int64(), mask=mask).cast(pa.timestamp("ns")),
        "ts_tz": pa.array(days * 86_400_123_456, pa.int64(), mask=mask).cast(pa.timestamp("us", "UTC")),
        "fixed": pa.array([rng.bytes(5) for _ in range(rows)], pa.binary(5), mask=mask),
        "map": pa.array([[(f"k{v}", int(v)) for v in range(i % 3)] for i in range(rows)], pa.map_(pa.utf8(), pa.int64()), mask=mask),
        "structs": pa.array([[{"x": i, "y": str(i)}] * (i % 3) for i in range(rows)],
                            pa.list_(pa.struct({"x": pa.int64(), "y": pa.utf8()})), mask=mask),
        "lists": pa.array([[[i], None, []][: i % 4] for i in range(rows)], pa.list_(pa.list_(pa.int32())), mask=mask),
    }
    return {"id": pa.array(np.arange(rows)), **columns}


def other_vectors(rng, rows, null_share):
    """Vectors of other numbers than float, as Arrow input shows them."""
    mask = rng.random(rows) < null_share if null_share else None
    bits = [rng.bytes(8) for _ in range(rows)]
    return {
        "id": pa.array(np.arange(rows)),
        "half": pa.FixedSizeListArray.from_arrays(pa.array(rng.standard_normal(rows * 8).astype(np.float16)), 8,
                                                  mask=None if mask is None else pa.array(mask)),
        "int8": pa.FixedSizeListArray.from_arrays(pa.array(rng.integers(-128, 127, rows * 16, dtype=np.int8)), 16,
                                                  mask=None if mask is None else pa.array(mask)),
        "bits": pa.array(bits, pa.binary(8), mask=mask),
    }


def arrays_of_vectors(rng, rows, null_share):
    """Rows of several vectors each, none now and then."""
    mask = rng.random(rows) < null_share if null_share else np.zeros(rows, bool)
    lists = [None if null else [rng.bytes(4 * DIM) for _ in range(i % 4)] for i, null in enumerate(mask)]
    return {"id": pa.array(np.arange(rows)), "many": pa.array(lists, pa.list_(pa.binary(4 * DIM)))}


ARRAY_OF_VECTORS = {"many": {"varve.type": "ArrayOfVector", "varve.element_type": "FloatVector", "varve.dim": str(DIM)}}


def plain(value, kind):
    """A value of a column of type `kind` as all engines can be brought to give it."""
    if isinstance(value, (pd.Timestamp, datetime.datetime)):
        return pd.Timestamp(value).tz_localize(None).as_unit("ns").value
    if isinstance(value, dict) and set(value) == {"key", "value"}:
        return (value["key"], value["value"])
    if isinstance(value, list):
        return [plain(v, None) for v in value]
    if isinstance(value, (bytes, bytearray)) and kind is not None and pa.types.is_fixed_size_list(kind):
        return np.frombuffer(value, kind.value_type.to_pandas_dtype()).tolist()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value


def as_table(reader, path):
    if reader == "pyarrow":
        return pq.read_table(path, page_checksum_verification=True)
    if reader == "pyarrow mapped":
        return pq.read_table(path, memory_map=True, page_checksum_verification=True)
    if reader == "pyarrow batches":
        file = pq.ParquetFile(path, page_checksum_verification=True, buffer_size=4096)
        return pa.Table.from_batches(list(file.iter_batches(1000)), schema=file.schema_arrow)
    if reader == "duckdb":
        import duckdb
        return duckdb.connect().sql(f"select * from read_parquet('{path}')").to_arrow_table()
    if reader == "polars":
        import polars
        return polars.read_parquet(path).to_arrow()
    if reader == "datafusion":
        import datafusion
        # One partition: its rows come in the order of the file.
        context = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(1))
        return context.read_parquet(path).to_arrow_table()
    raise ValueError(reader)


READERS = ["pyarrow", "pyarrow mapped", "pyarrow batches", "duckdb", "polars", "datafusion"]


def check(tool, name, columns, nullable, metadata={}, **keys):
    rows = len(next(iter(columns.values())))
    schema = pa.schema([pa.field(n, c.type, nullable=nullable and n != "id", metadata=metadata.get(n)) for n, c in columns.items()])
    table = pa.table(list(columns.values()), schema=schema)
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "rows.arrow")
        with pa.OSFile(source, "wb") as file, pa.ipc.new_file(file, schema) as writer:
            for batch in table.to_batches(max_chunksize=1777):
                writer.write_batch(batch)
        out = os.path.join(folder, "out")
        os.mkdir(out)
        run = subprocess.run([tool, source, out, *(f"{k}={v}" for k, v in keys.items())], capture_output=True, text=True)
        assert run.returncode == 0, f"{name}: {run.stderr}"
        compared = 0
        for path in run.stdout.split():
            for reader in READERS:
                got = as_table(reader, path)
                assert got.num_rows == rows, (name, reader, got.num_rows)
                for column in got.column_names:
                    kind = table.schema.field(column).type
                    found = [plain(v, kind) for v in got[column].to_pylist()]
                    wanted = [plain(v, kind) for v in table[column].to_pylist()]
                    if found != wanted:
                        first = next(i for i, (a, b) in enumerate(zip(found, wanted)) if a != b)
                        raise AssertionError(f"{name}: {reader}: {column}[{first}]: {found[first]} is not {wanted[first]}")
                    compared += len(found)
        print(f"{name}: {compared} values equal")


def main():
    tool = sys.argv[1]
    print("seed", SEED)
    rng = np.random.Generator(np.random.PCG64(SEED))
    rows = 9000
    for layout in ("fixed", "list", "compact"):
        for null_share in (0, 0.3, 0.8):
            for split in ("default", "one"):
                columns = {"id": pa.array(np.arange(rows)), "emb": vectors(rng, rows, null_share)}
                check(tool, f"{layout}, {null_share} null, {split}", columns, null_share > 0, layout=layout, split=split,
                      small_write_bytes=0)
    for null_share in (0, 0.3, 0.8, 1):
        check(tool, f"scalars, {null_share} null", scalars(rng, rows, null_share), True)
        check(tool, f"scalars in row groups, {null_share} null", scalars(rng, rows, null_share), True, buffer_bytes=300_000)
    for codec in ("zstd", "lz4", "snappy", "gzip", "none"):
        check(tool, codec, scalars(rng, rows, 0.1), True, codec=codec)
    rows = 3000
    for null_share in (0, 0.3):
        check(tool, f"other types, {null_share} null", other_types(rng, rows, null_share), True)
        check(tool, f"other types in row groups, {null_share} null", other_types(rng, rows, null_share), True, buffer_bytes=100_000)
        for layout in ("fixed", "compact"):
            check(tool, f"other vectors, {layout}, {null_share} null", other_vectors(rng, rows, null_share), null_share > 0,
                  layout=layout, small_write_bytes=0)
        for split in ("one", "schema"):
            check(tool, f"arrays of vectors, {null_share} null, {split}", arrays_of_vectors(rng, rows, null_share), null_share > 0,
                  ARRAY_OF_VECTORS, split=split, key="id", buffer_bytes=300_000)
    for split in ("schema", "size", "id;text,emb;word,n64"):
        columns = scalars(rng, rows, 0.1)
        columns = {n: columns[n] for n in ("id", "text", "word", "n64")} | {"emb": vectors(rng, rows, 0.1)}
        check(tool, f"split {split}", columns, True, split=split, key="id")
    check(tool, "without page checksums, level 9", scalars(rng, rows, 0.1), True, page_checksums=0, level=9)
    check(tool, "no rows", {n: c.slice(0, 0) for n, c in other_types(rng, 10, 0.1).items()}, True)
    check(tool, "one row", {n: c.slice(3, 1) for n, c in other_types(rng, 10, 0.1).items()}, True)


if __name__ == "__main__":
    main()
