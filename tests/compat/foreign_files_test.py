# SPDX-License-Identifier: Apache-2.0
"""Parquet files of other writers, read by Varve: the values that pyarrow gives, or an error that names the type.

Files are written here by pyarrow (every page version, codec, encoding and Arrow type), DuckDB, Polars and DataFusion. Each is
scanned, read in part and taken from; some are imported into a table, which is then filtered.

usage: foreign_files_test.py <varve_read_parquet_files> <varve>
"""
import datetime
import decimal
import os
import subprocess
import sys
import tempfile
import traceback
import uuid

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20261121
ROWS = 1600
DIM = 16


# What is written


def base(rng, rows=ROWS, null_share=0.2):
    """Columns that every encoding and codec can be tried on."""
    mask = rng.random(rows) < null_share if null_share else None
    words = np.array(["", "é", "kelp", "a longer text than sixteen bytes", "zzz"], dtype=object)
    vectors = rng.standard_normal((rows, DIM), dtype=np.float32)
    return {
        "id": pa.array(rng.permutation(rows) * 7),
        "n32": pa.array(rng.integers(-1000, 1000, rows, dtype=np.int32), mask=mask),
        "n64": pa.array(rng.integers(-(1 << 60), 1 << 60, rows), mask=mask),
        "flag": pa.array(rng.random(rows) < 0.5, mask=mask),
        "f32": pa.array(rng.standard_normal(rows, dtype=np.float32), mask=mask),
        "f64": pa.array(np.where(rng.random(rows) < 0.1, np.nan, rng.standard_normal(rows)), mask=mask),
        "text": pa.array(words[rng.integers(0, 5, rows)] + rng.integers(0, 10**6, rows).astype(str), pa.utf8(), mask=mask),
        "word": pa.array(words[rng.integers(0, 5, rows)], pa.utf8(), mask=mask),
        "blob": pa.array([rng.bytes(i % 9) for i in range(rows)], pa.binary(), mask=mask),
        "flba": pa.array([v.tobytes() for v in vectors], pa.binary(4 * DIM), mask=mask),
        "emb": pa.array(list(vectors), pa.list_(pa.float32()), mask=mask),
        "tags": pa.array([list(range(i % 4)) if i % 7 or not null_share else None for i in range(rows)], pa.list_(pa.int32())),
    }


def every_type(rng, rows=ROWS, null_share=0.2):
    """One column of each Arrow type that Parquet can hold."""
    mask = rng.random(rows) < null_share if null_share else np.zeros(rows, bool)
    columns = {"id": pa.array(rng.permutation(rows))}

    def add(name, values, type, cast_from=None):
        array = pa.array(values, cast_from or type, mask=mask)
        columns[name] = array.cast(type) if cast_from else array

    for width in (8, 16, 32, 64):
        low, high = -(1 << width - 1), (1 << width - 1) - 1
        add(f"i{width}", rng.integers(low, high, rows, dtype=f"int{width}", endpoint=True), getattr(pa, f"int{width}")())
        add(f"u{width}", rng.integers(0, 2 * high + 1, rows, dtype=f"uint{width}", endpoint=True), getattr(pa, f"uint{width}")())
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40])
    add("f16", rng.standard_normal(rows).astype(np.float16), pa.float16())
    add("f32", np.where(rng.random(rows) < 0.2, special[rng.integers(0, 6, rows)], rng.standard_normal(rows)).astype(np.float32),
        pa.float32())
    add("f64", np.where(rng.random(rows) < 0.2, special[rng.integers(0, 6, rows)], rng.standard_normal(rows)), pa.float64())
    for name, type in {"dec32": pa.decimal32(7, 2), "dec64": pa.decimal64(16, 5), "dec128": pa.decimal128(38, 10),
                       "dec128small": pa.decimal128(5, 1), "dec256": pa.decimal256(76, 20), "decneg": pa.decimal128(20, 0)}.items():
        digits = min(type.precision, 60)
        values = [decimal.Decimal(int(rng.integers(-(10**9), 10**9)) * 10 ** max(0, digits - 12) // 10 ** max(0, 12 - digits)).scaleb(
            -type.scale, decimal.Context(prec=80)) for _ in range(rows)]
        add(name, values, type)
    days = rng.integers(-40000, 40000, rows)
    add("date32", days.astype(np.int32), pa.date32(), pa.int32())
    add("date64", days * 86_400_000, pa.date64(), pa.int64())
    seconds = rng.integers(0, 86_400, rows)
    add("time_s", seconds.astype(np.int32), pa.time32("s"), pa.int32())
    add("time_ms", (seconds * 1000 + 7).astype(np.int32), pa.time32("ms"), pa.int32())
    add("time_us", seconds * 10**6 + 77, pa.time64("us"), pa.int64())
    add("time_ns", seconds * 10**9 + 777, pa.time64("ns"), pa.int64())
    moments = rng.integers(-(10**9), 3 * 10**9, rows)
    for unit, scale in {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}.items():
        add(f"ts_{unit}", moments * scale + scale // 3, pa.timestamp(unit), pa.int64())
        add(f"tz_{unit}", moments * scale + scale // 3, pa.timestamp(unit, "Europe/Paris"), pa.int64())
        add(f"utc_{unit}", moments * scale + scale // 3, pa.timestamp(unit, "UTC"), pa.int64())
        add(f"duration_{unit}", moments * scale + scale // 3, pa.duration(unit), pa.int64())
    texts = np.array(["", "é" * 9, "short", "a longer text than sixteen bytes", "x" * 300], dtype=object)[rng.integers(0, 5, rows)]
    for name, type in {"text": pa.utf8(), "large_text": pa.large_utf8(), "text_view": pa.string_view()}.items():
        add(name, list(texts), type)
    for name, type in {"blob": pa.binary(), "large_blob": pa.large_binary(), "blob_view": pa.binary_view()}.items():
        add(name, [t.encode() + b"\0\xff" for t in texts], type)
    add("fixed", [t.encode()[:3].ljust(5, b"\1") for t in texts], pa.binary(5))
    columns["dict"] = pa.array(list(texts), pa.utf8(), mask=mask).dictionary_encode()
    columns["dict_int"] = pa.array(rng.integers(0, 9, rows), mask=mask).dictionary_encode()
    columns["constant"] = pa.array([None if null_share else 7] * rows, pa.int32())
    columns["bool"] = pa.array(rng.random(rows) < 0.5, mask=mask)
    lists = [[int(v) if v % 5 else None for v in range(i, i + i % 4)] for i in range(rows)]
    add("list", lists, pa.list_(pa.int64()))
    add("large_list", lists, pa.large_list(pa.int64()))
    add("list_text", [[str(v) for v in l] for l in lists], pa.list_(pa.utf8()))
    add("list_list", [[l, None, l[:1]][: i % 4] for i, l in enumerate(lists)], pa.list_(pa.list_(pa.int64())))
    add("list_struct", [[{"x": v, "y": str(v)} for v in l] for l in lists],
        pa.list_(pa.struct({"x": pa.int64(), "y": pa.utf8()})))
    add("fixed_list", [[i, i + 1, i + 2] for i in range(rows)], pa.list_(pa.int32(), 3))
    add("vector", list(rng.standard_normal((rows, DIM), dtype=np.float32)), pa.list_(pa.float32(), DIM))
    add("struct", [{"x": i if i % 3 else None, "y": {"z": [i] * (i % 3)}} for i in range(rows)],
        pa.struct({"x": pa.int32(), "y": pa.struct({"z": pa.list_(pa.int32())})}))
    add("map", [[(f"k{v}", i) for v in range(i % 3)] for i in range(rows)], pa.map_(pa.utf8(), pa.int64()))
    return columns


def with_nulls_declared(columns, nullable):
    return pa.table(list(columns.values()), schema=pa.schema([pa.field(n, c.type, nullable=nullable) for n, c in columns.items()]))


def pyarrow_files(folder, rng):
    """Yields (name, path)."""

    def write(name, table, **options):
        path = os.path.join(folder, f"pyarrow {name}.parquet")
        pq.write_table(table, path, **options)
        return name, path

    for null_share in (0, 0.2, 1):
        table = with_nulls_declared(base(rng, null_share=null_share), null_share > 0)
        for version in ("1.0", "2.0"):
            for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
                yield write(f"{null_share} null, pages {version}, {codec}", table, data_page_version=version, compression=codec,
                            data_page_size=2000, row_group_size=1100, write_page_index=codec in ("none", "zstd"),
                            write_page_checksum=codec in ("none", "gzip"))
    encodings = {
        "PLAIN": ["n32", "n64", "flag", "f32", "f64", "text", "word", "blob", "flba", "emb.list.element", "tags.list.element"],
        "DELTA_BINARY_PACKED": ["id", "n32", "n64", "tags.list.element"],
        "DELTA_LENGTH_BYTE_ARRAY": ["text", "word", "blob"],
        "DELTA_BYTE_ARRAY": ["text", "word", "blob", "flba"],
        "BYTE_STREAM_SPLIT": ["id", "n32", "n64", "f32", "f64", "flba", "emb.list.element", "tags.list.element"],
        "RLE": ["flag"],
    }
    for null_share in (0, 0.2):
        table = with_nulls_declared(base(rng, null_share=null_share), null_share > 0)
        for encoding, leaves in encodings.items():
            for version in ("1.0", "2.0"):
                for index in (False, True):
                    yield write(f"{encoding}, {null_share} null, pages {version}, index {index}", table, use_dictionary=False,
                                column_encoding={leaf: encoding for leaf in leaves}, data_page_version=version,
                                write_page_index=index, data_page_size=1500, compression="zstd" if index else "none")
        yield write(f"dictionary, {null_share} null", table, use_dictionary=True, dictionary_pagesize_limit=600, write_page_index=True,
                    data_page_size=900)
        yield write(f"tiny pages, {null_share} null", table, max_rows_per_page=7, write_page_index=True, row_group_size=999)
        yield write(f"no statistics, {null_share} null", table, write_statistics=False, write_page_index=True)
        yield write(f"one row a group, {null_share} null", table.slice(0, 50), row_group_size=1)
    for null_share in (0, 0.2, 1):
        table = with_nulls_declared(every_type(rng, null_share=null_share), null_share > 0)
        for name, options in {
            "as it is": {},
            "page index": {"write_page_index": True, "data_page_size": 3000, "data_page_version": "2.0"},
            "without Arrow's schema": {"store_schema": False, "write_page_index": True},
            "format 1.0": {"version": "1.0", "coerce_timestamps": "us", "allow_truncated_timestamps": True},
            "format 2.4": {"version": "2.4", "row_group_size": 700, "coerce_timestamps": "us", "allow_truncated_timestamps": True},
            "decimals as integers": {"store_decimal_as_integer": True, "write_page_index": True},
            "old list names": {"use_compliant_nested_type": False},
            "INT96": {"use_deprecated_int96_timestamps": True},
            "INT96 without Arrow's schema": {"use_deprecated_int96_timestamps": True, "store_schema": False},
            "milliseconds": {"coerce_timestamps": "ms", "allow_truncated_timestamps": True},
            "cut by content": {"use_content_defined_chunking": True, "write_page_index": True},
            "no dictionary": {"use_dictionary": False, "write_page_index": True, "compression": "none"},
        }.items():
            yield write(f"every type, {null_share} null, {name}", table, **options)
    long = base(rng, 70_000)  # read in several windows
    long = with_nulls_declared({name: long[name] for name in ("id", "n32", "text", "word", "tags")}, True)
    for index in (False, True):
        yield write(f"many rows, index {index}", long, write_page_index=index, data_page_size=20_000, row_group_size=40_000,
                    data_page_version="2.0")
    table = with_nulls_declared(every_type(rng), True)
    yield write("no rows", table.slice(0, 0))
    yield write("no rows, no Arrow schema", table.slice(0, 0), store_schema=False)
    yield write("one row", table.slice(17, 1), write_page_index=True)
    path = os.path.join(folder, "pyarrow no groups.parquet")
    pq.ParquetWriter(path, table.schema).close()
    yield "no row groups", path
    yield write("names", pa.table({"a.b": [1, 2], "select \"x\"": [5, 6], "é ü": [7, 8], "a": [{"b": 1}, {"b": 2}]}))
    yield write("wide", pa.table({f"c{i}": pa.array(rng.integers(0, 9, 100)) for i in range(700)}), row_group_size=30)
    yield write("uuid and json", pa.table({
        "u": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([uuid.uuid5(uuid.NAMESPACE_DNS, str(i)).bytes for i in range(9)],
                                                                pa.binary(16))),
        "j": pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": %d}' % i for i in range(9)])),
    }))
    for name, ids in {"ours": (101, 100, 102), "low": (0, 1, 2), "some": (102, None, 100), "alike": (100, 100, 100)}.items():
        fields = [pa.field(n, pa.int64(), metadata=None if i is None else {"PARQUET:field_id": str(i)}) for n, i in zip("abc", ids)]
        yield write(f"field ids: {name}", pa.table([pa.array([k, k + 1]) for k in range(3)], schema=pa.schema(fields)))
    yield write("bloom filters", with_nulls_declared(base(rng), True), bloom_filter_options={"id": True, "text": True})


def refused_files(folder):
    """Yields (name, path, text that the error must hold)."""
    import polars

    def write(name, table, word):
        path = os.path.join(folder, f"refused {name}.parquet")
        pq.write_table(table, path)
        return name, path, word

    yield write("null type", pa.table({"id": [1, 2], "empty": pa.nulls(2)}), "null")
    path = os.path.join(folder, "refused int128.parquet")
    polars.DataFrame({"id": [1, 2], "x": polars.Series([1, None], dtype=polars.Int128)}).write_parquet(path)
    yield "int128", path, "128"
    yield write("no columns", pa.table({}), "column")
    yield write("no name", pa.table({"": [1]}), "without a name")
    yield write("two columns of one name", pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"]), "x")


DUCKDB_TYPES = """
    i::bigint as id, (i % 200 - 100)::tinyint as t, (i * 7 - 9000)::smallint as s, (i - 50)::integer as n, (i % 250)::utinyint as ut,
    (i * 9)::usmallint as us, (i * 1000000)::uinteger as ui, (i * 1000000007)::ubigint as ub, (i * 1.5)::float as f32,
    (i / 7.0)::double as f64, (i * 1000000007)::hugeint as huge, (i / 3.0)::decimal(4, 1) as d4, (i / 3.0)::decimal(9, 2) as d9,
    (i / 3.0)::decimal(18, 6) as d18, (i / 3.0)::decimal(38, 10) as d38, i % 3 = 0 as flag, case when i % 5 > 0 then 'text ' || i end as text,
    case when i % 7 > 0 then 'few ' || (i % 4) end as few, ('x' || i)::blob as bytes, (date '2020-02-29' + i::integer) as d,
    (time '00:00:01.5' + to_seconds(i)) as t_us, (timestamp '1969-12-31 23:00:00.123456' + to_minutes(i)) as ts_us,
    (timestamp '1969-12-31 23:00:00' + to_minutes(i))::timestamp_s as ts_s, (timestamp '2019-12-31 23:00:00.123' + to_minutes(i))::timestamp_ms as ts_ms,
    (timestamp '2019-12-31 23:00:00.123456' + to_minutes(i))::timestamp_ns as ts_ns,
    (timestamptz '2019-12-31 23:00:00.123456+00' + to_minutes(i)) as ts_tz,
    case when i % 6 > 0 then [i, null, i + 1][1:(i % 4)] end as list, [[i], [], null] as lists,
    case when i % 4 > 0 then {'x': i, 'y': 'is ' || i} end as pair, [{'x': i, 'y': [i::integer]}] as pairs,
    map {'k' || i: i, 'l': null} as map, [i, i + 1, i + 2]::float[] as floats, [i, i + 1, i + 2]::float[3] as vector,
    case when i % 5 > 0 then (case i % 3 when 0 then 'red' when 1 then 'green' else 'blue' end)::enum('red', 'green', 'blue') end as colour
"""
DUCKDB_ODD = {"timetz": "timetz '12:00:00+02'", "interval": "interval 3 months", "uuid": "uuid '00000000-0000-0000-0000-00000000000a'",
              "json": "'{\"a\": 1}'::json", "bit": "'10110'::bit", "uhugeint": "12::uhugeint"}


def duckdb_files(folder):
    import duckdb

    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.execute(f"create table t as select {DUCKDB_TYPES} from range({ROWS}) r(i)")
    options = [f"parquet_version {version}, compression {codec}" for version in ("v1", "v2")
               for codec in ("uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw")]
    options += ["row_group_size 2048, parquet_version v2", "dictionary_size_limit 1", "dictionary_size_limit 1, parquet_version v2",
                "write_bloom_filter false", "field_ids 'auto'"]
    for option in options:
        path = os.path.join(folder, f"duckdb {option.replace(' ', '_')}.parquet".replace("'", ""))
        try:
            connection.execute(f"copy t to '{path}' (format parquet, {option})")
        except duckdb.Error as error:
            print(f"duckdb does not write {option}: {str(error).splitlines()[0]}")
            continue
        yield option, path
    for name, expression in DUCKDB_ODD.items():
        path = os.path.join(folder, f"duckdb {name}.parquet")
        connection.execute(f"copy (select i as id, case when i % 3 > 0 then {expression} end as x from range(40) r(i)) to '{path}'")
        yield name, path
    path = os.path.join(folder, "duckdb none.parquet")
    connection.execute(f"copy (select * from t where false) to '{path}'")
    yield "no rows", path


def polars_files(folder, rng):
    import polars

    rows = ROWS
    ids = rng.permutation(rows).tolist()
    maybe = lambda values, each: [v if i % each else None for i, v in enumerate(values)]
    moment = datetime.datetime(1969, 12, 31, 12)
    steps = [moment + datetime.timedelta(microseconds=1234567891 * i) for i in ids]
    frame = polars.DataFrame({
        "id": ids,
        **{f"i{w}": polars.Series(maybe([i % 100 for i in ids], 5), dtype=getattr(polars, f"Int{w}")) for w in (8, 16, 32, 64)},
        **{f"u{w}": polars.Series(maybe([i % 200 for i in ids], 5), dtype=getattr(polars, f"UInt{w}")) for w in (8, 16, 32, 64)},
        "f32": polars.Series(maybe([i / 3 for i in ids], 4), dtype=polars.Float32),
        "f64": [float("nan") if i % 9 == 0 else i / 7 for i in ids],
        "flag": maybe([i % 2 == 0 for i in ids], 3),
        "text": maybe([f"text {i}" * (i % 3) for i in ids], 5),
        "bytes": maybe([f"bytes {i}".encode() for i in ids], 5),
        "few": polars.Series(maybe([f"few {i % 4}" for i in ids], 5), dtype=polars.Categorical),
        "enum": polars.Series(maybe(["ab"[i % 2] for i in ids], 5), dtype=polars.Enum(["a", "b"])),
        "dec": polars.Series([decimal.Decimal(i) / 100 for i in ids], dtype=polars.Decimal(20, 4)),
        "date": maybe([s.date() for s in steps], 4),
        "time": maybe([s.time() for s in steps], 4),
        "ts_ms": polars.Series(maybe(steps, 4), dtype=polars.Datetime("ms")),
        "ts_us": polars.Series(maybe(steps, 4), dtype=polars.Datetime("us")),
        "ts_ns": polars.Series(maybe(steps, 4), dtype=polars.Datetime("ns")),
        "ts_tz": polars.Series(maybe(steps, 4), dtype=polars.Datetime("us", "UTC")),
        "duration": polars.Series([s - moment for s in steps], dtype=polars.Duration("us")),
        "list": maybe([[i] * (i % 4) for i in ids], 6),
        "vector": polars.Series([[float(i + j) for j in range(4)] for i in ids], dtype=polars.Array(polars.Float32, 4)),
        "floats": polars.Series([[float(i + j) for j in range(4)] for i in ids], dtype=polars.List(polars.Float32)),
        "struct": maybe([{"x": i, "y": {"z": str(i)}} for i in ids], 6),
        "structs": [[{"x": i, "y": str(i)}] * (i % 3) for i in ids],
    })
    for name, options in {
        "as it is": {},
        **{codec: {"compression": codec, "row_group_size": 999} for codec in ("lz4", "uncompressed", "snappy", "gzip", "brotli", "zstd")},
        "no statistics": {"statistics": False},
        "full statistics": {"statistics": "full", "data_page_size": 2000},
        "small pages": {"data_page_size": 500, "row_group_size": 1000},
    }.items():
        path = os.path.join(folder, f"polars {name}.parquet")
        frame.write_parquet(path, **options)
        yield name, path
    path = os.path.join(folder, "polars none.parquet")
    frame.clear().write_parquet(path)
    yield "no rows", path
    path = os.path.join(folder, "polars f16.parquet")
    polars.DataFrame({"id": [1, 2, 3], "x": polars.Series([1.5, None, -2.0], dtype=polars.Float16)}).write_parquet(path)
    yield "f16", path


def datafusion_files(folder, rng):
    import datafusion
    from datafusion.dataframe import ParquetWriterOptions

    known = every_type(rng)
    for name in ("dec32", "dec64", "list_struct", "map"):  # of these its writer knows less
        known.pop(name)
    context = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(1))
    for name, columns, options in (
        ("pages 1.0", base(rng), {}),
        ("pages 2.0", base(rng), {"writer_version": "2.0", "data_pagesize_limit": 2000}),
        ("few rows a page", base(rng), {"data_page_row_count_limit": 13, "write_batch_size": 13, "max_row_group_size": 512}),
        ("no dictionary", base(rng), {"dictionary_enabled": False, "writer_version": "2.0", "compression": "uncompressed"}),
        ("delta", {n: c for n, c in base(rng).items() if n in ("id", "n32", "n64")},
         {"encoding": "delta_binary_packed", "dictionary_enabled": False, "writer_version": "2.0"}),
        ("delta lengths", {n: c for n, c in base(rng).items() if n in ("text", "word", "blob")},
         {"encoding": "delta_length_byte_array", "dictionary_enabled": False}),
        ("delta texts", {n: c for n, c in base(rng).items() if n in ("text", "word", "blob")},
         {"encoding": "delta_byte_array", "dictionary_enabled": False}),
        ("byte planes", {n: c for n, c in base(rng).items() if n in ("f32", "f64")},
         {"encoding": "byte_stream_split", "dictionary_enabled": False}),
        *((codec, base(rng), {"compression": codec}) for codec in ("snappy", "gzip(4)", "brotli(3)", "lz4_raw", "zstd(3)")),
        ("no statistics", base(rng), {"statistics_enabled": "none"}),
        ("bloom filters", base(rng), {"bloom_filter_on_write": True}),
        ("every type", known, {}),
        ("every type without Arrow's schema", known, {"skip_arrow_metadata": True, "writer_version": "2.0"}),
    ):
        path = os.path.join(folder, f"datafusion {name}.parquet")
        frame = context.from_arrow(with_nulls_declared(columns, True))
        frame.write_parquet_with_options(path, ParquetWriterOptions(maximum_parallel_row_group_writers=1, **options))
        yield name, path


# How it is read and compared


def stored(type):
    """The type under which a column of `type` is handed out: views, large and dictionary forms become plain ones."""
    if isinstance(type, pa.BaseExtensionType):
        return stored(type.storage_type)
    if pa.types.is_dictionary(type):
        return stored(type.value_type)
    if pa.types.is_large_string(type) or pa.types.is_string_view(type):
        return pa.utf8()
    if pa.types.is_large_binary(type) or pa.types.is_binary_view(type):
        return pa.binary()
    if pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_list_view(type) or pa.types.is_large_list_view(type):
        return pa.list_(stored(type.value_type))
    if pa.types.is_fixed_size_list(type):
        return pa.list_(stored(type.value_type), type.list_size)
    if pa.types.is_struct(type):
        return pa.struct([pa.field(f.name, stored(f.type)) for f in type])
    if pa.types.is_map(type):
        return pa.map_(stored(type.key_type), stored(type.item_type))
    return type


def plain(type):
    """`type` as text without what a name of a child or its nullability may differ in."""
    if pa.types.is_list(type):
        return f"list<{plain(type.value_type)}>"
    if pa.types.is_fixed_size_list(type):
        return f"vector<{plain(type.value_type)}, {type.list_size}>"
    if pa.types.is_struct(type):
        return "struct<" + ", ".join(f"{f.name}: {plain(f.type)}" for f in type) + ">"
    if pa.types.is_map(type):
        return f"map<{plain(type.key_type)}, {plain(type.item_type)}>"
    return str(type)


def values(column):
    """Texts that are equal exactly if the values are the same, NaN and signed zeros included."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_temporal(column.type):  # Python's times know no nanoseconds
        column = column.view(pa.int32() if column.type.bit_width == 32 else pa.int64())
    return [repr(value) for value in column.to_pylist()]


class Wanted:
    """The right answer: a table's types, and its values as texts."""

    def __init__(self, table):
        self.table = table
        self.columns = [values(column) for column in table.columns]

    def compare(self, what, found, rows=None, names=None):
        """`found` is the rows numbered `rows` (all), of the columns `names` (all). Returns how many values were equal."""
        names = self.table.column_names if names is None else names
        assert found.column_names == names, f"{what}: columns {found.column_names}, not {names}"
        for at, name in enumerate(names):
            place = self.table.column_names.index(name)
            kind, texts = self.table.schema.field(place).type, self.columns[place]
            assert plain(found.column(at).type) == plain(stored(kind)), f"{what}: {name} is {found.column(at).type}, not {kind}"
            left, right = values(found.column(at)), texts if rows is None else [texts[row] for row in rows]
            assert len(left) == len(right), f"{what}: {name}: {len(left)} rows, not {len(right)}"
            if left != right:
                row = next(i for i, (a, b) in enumerate(zip(left, right)) if a != b)
                raise AssertionError(f"{what}: {name}[{row}] ({kind}): {left[row]} is not {right[row]}")
        return found.num_rows * found.num_columns


def load(path):
    with pa.OSFile(path, "rb") as file:
        return pa.ipc.open_stream(file).read_all()


class Reader:
    """varve_read_parquet_files, one process for all files."""

    def __init__(self, tool, folder):
        self.output = os.path.join(folder, "answer")
        self.process = subprocess.Popen([tool], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, path, rows, columns):
        line = "\t".join([path, self.output, ",".join(map(str, rows)), ",".join(columns)])
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer, f"{path}: the reader ended with {self.process.wait()}"
        return answer

    def close(self):
        self.process.stdin.close()
        assert self.process.wait() == 0


def check_file(reader, what, path, rng):
    wanted = Wanted(pq.read_table(path, page_checksum_verification=True))
    num_rows = wanted.table.num_rows
    rows = rng.integers(0, num_rows, min(200, num_rows)).tolist() if num_rows else []
    names = [name for name in wanted.table.column_names if "," not in name]
    columns = [names[i] for i in rng.permutation(len(names))[:4]]
    answer = reader.ask(path, rows, columns)
    assert answer == "ok", f"{what}: {answer}"
    middle = range(num_rows // 4, num_rows // 4 + num_rows // 2)
    return (wanted.compare(f"{what}: scan", load(reader.output + ".scan"))
            + wanted.compare(f"{what}: range", load(reader.output + ".range"), middle, columns)
            + wanted.compare(f"{what}: take", load(reader.output + ".take"), rows))


def check_table(command, what, path, folder, rng):
    """The same file imported by the command, and asked for through the Python package."""
    import varve

    wanted = Wanted(pq.read_table(path))
    uri = os.path.join(folder, "table " + os.path.basename(path))
    run = subprocess.run([command, "import", uri, path], capture_output=True, text=True)
    assert run.returncode == 0, f"{what}: {run.stderr}"
    table = varve.open(uri)
    num_rows = wanted.table.num_rows
    assert len(table) == num_rows, f"{what}: {len(table)} rows, not {num_rows}"

    def same(rows_of_table, rows=None, names=None):
        found = rows_of_table.to_arrow()
        for at, field in enumerate(found.schema):  # lists of one length have become vectors
            if pa.types.is_fixed_size_list(field.type) and not pa.types.is_fixed_size_list(wanted.table.schema.field(field.name).type):
                found = found.set_column(at, field.name, found.column(at).cast(pa.list_(field.type.value_type)))
        return wanted.compare(what, found, rows, names)

    ids, texts = wanted.table["id"].to_pylist(), wanted.table["text"].to_pylist()
    names = [wanted.table.column_names[i] for i in rng.permutation(wanted.table.num_columns)[:3]]
    rows = rng.integers(0, num_rows, 50).tolist()
    count = same(table.scan()) + same(table.scan(columns=names), names=names) + same(table.take(rows), rows)
    for id in [ids[row] for row in rows[:5]]:
        count += same(table.scan(filter=f"id = {id}"), [row for row in range(num_rows) if ids[row] == id])
    middle = sorted(ids)[num_rows // 2]
    count += same(table.scan(filter=f"id < {middle}"), [row for row in range(num_rows) if ids[row] < middle])
    for text in [texts[row] for row in rows if texts[row] is not None][:5]:
        count += same(table.scan(filter=f"text = '{text}'"), [row for row in range(num_rows) if texts[row] == text])
    later = [row for row in range(num_rows) if texts[row] is not None and texts[row].encode() > b"k"]
    count += same(table.scan(columns=["text", "id"], filter="text > 'k'"), later, ["text", "id"])
    assert table.verify(deep=True) == [], what
    return count


def main():
    tool, command = sys.argv[1:3]
    print("seed", SEED)
    rng = np.random.Generator(np.random.PCG64(SEED))
    failures, files, compared = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(tool, folder)

        def attempt(check, *arguments):
            nonlocal files, compared
            try:
                compared += check(*arguments)
                files += 1
            except AssertionError as error:
                failures.append(str(error))
            except Exception:
                failures.append(f"{arguments[1]}: {traceback.format_exc()}")

        imported = ("0.2 null, pages 1.0, snappy", "DELTA_BYTE_ARRAY, 0 null, pages 2.0, index True", "every type, 0.2 null, as it is",
                    "every type, 0.2 null, without Arrow's schema", "parquet_version v1, compression snappy",
                    "parquet_version v2, compression zstd", "small pages", "full statistics")
        for writer, produced in (("pyarrow", pyarrow_files(folder, rng)), ("duckdb", duckdb_files(folder)),
                                 ("polars", polars_files(folder, rng)), ("datafusion", datafusion_files(folder, rng))):
            before = compared
            for name, path in produced:
                attempt(check_file, reader, f"{writer}: {name}", path, rng)
                if name in imported:
                    attempt(check_table, command, f"{writer}: {name}: table", path, folder, rng)
                os.remove(path)
            print(f"{writer}: {compared - before} values equal")
        for name, path, word in refused_files(folder):
            answer = reader.ask(path, [0], [])
            if answer == "ok" or word not in answer or os.path.basename(path) not in answer:
                failures.append(f"{name}: not refused by name: {answer}")
        reader.close()
    for failure in failures:
        print("FAILED", failure)
    print(f"{files} files, {compared} values equal, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
