# SPDX-License-Identifier: Apache-2.0
"""DuckDB and Polars."""

from .arrow_files import PyarrowBlob
from .peer import Peer, as_batches, as_sql, files


class DuckParquet(Peer):
    """DuckDB on the Parquet files of another peer."""

    def load(self):
        global duckdb
        import duckdb
        super().load()

    def version(self):
        return duckdb.__version__

    def file_of(self, path, columns):
        return path + "/d.parquet"

    def open(self, path):
        self.path, self.connection = path, duckdb.connect()

    def select(self, columns, where=""):
        file = self.file_of(self.path, columns)
        query = f"SELECT {','.join(columns)} FROM read_parquet('{file}', file_row_number=true) {where}"
        return as_batches(self.connection.sql(query).to_arrow_table())

    def take(self, rows, columns):
        return self.select(columns, f"WHERE file_row_number IN ({','.join(map(str, rows))})")

    def scan(self, columns):  # the whole table at once: its streaming reader takes 1.1 to 1.7 times as long
        return self.select(columns)

    def filter(self, condition, columns):
        return self.select(columns, "WHERE " + as_sql(condition))


class DuckBlob(DuckParquet):
    name, note = "duckdb-parquet", "DuckDB on pyarrow's Parquet file"

    def write(self, source, path):
        PyarrowBlob.write(self, source, path)


class DuckOnVarve(DuckParquet):
    name, note = "duckdb-varve", "DuckDB on the Parquet file of Varve's vectors"

    def file_of(self, path, columns):
        import pyarrow.parquet as pq
        found = [f for f in files(path + "/data") if set(columns) <= set(pq.read_schema(f).names)]
        return found[0]

    def open(self, path):
        super().open(path)
        self.file = self.file_of(path, ["emb"])
        self.file_of = lambda *_: self.file


class DuckNative(Peer):
    name, commits, note = "duckdb-native", True, "its own file"

    def load(self):
        global duckdb
        import duckdb
        super().load()

    def version(self):
        return duckdb.__version__

    def write(self, source, path):
        src = source.reader()  # noqa: F841  found by DuckDB by its name
        with duckdb.connect(path + "/d.duckdb") as connection:
            connection.execute("CREATE TABLE t AS SELECT * FROM src")
            connection.execute("CHECKPOINT")

    def open(self, path):
        self.connection = duckdb.connect(path + "/d.duckdb", read_only=True)

    def select(self, columns, where=""):
        return as_batches(self.connection.sql(f"SELECT {','.join(columns)} FROM t {where}").to_arrow_table())

    def take(self, rows, columns):
        import pyarrow as pa
        r = pa.table({"r": rows})  # noqa: F841
        query = f"SELECT {','.join(columns)} FROM t WHERE rowid IN (SELECT r FROM r)"
        return as_batches(self.connection.sql(query).to_arrow_table())

    def scan(self, columns):
        return self.select(columns)

    def filter(self, condition, columns):
        return self.select(columns, "WHERE " + as_sql(condition))

    def create(self, path, schema):
        empty = schema.empty_table()  # noqa: F841
        self.writer = duckdb.connect(path + "/d.duckdb")
        self.writer.execute("CREATE TABLE t AS SELECT * FROM empty")

    def append(self, path, table):
        new_rows = table  # noqa: F841
        self.writer.execute("INSERT INTO t SELECT * FROM new_rows")

    def rows(self, path):
        return self.writer.execute("SELECT count(*) FROM t").fetchone()[0]


class Polars(Peer):
    name, note = "polars", "uncompressed Parquet"

    def load(self):
        global pl
        import polars as pl
        super().load()

    def version(self):
        return pl.__version__

    def write(self, source, path):
        if source.held is not None:  # faster by far than its streaming sink
            pl.from_arrow(source.held).write_parquet(path + "/d.parquet", compression="uncompressed")
        else:
            pl.scan_arrow_c_stream(source.reader()).sink_parquet(path + "/d.parquet", compression="uncompressed")

    def open(self, path):
        self.file, self.frame = path + "/d.parquet", pl.scan_parquet(path + "/d.parquet")
        self.frame.collect_schema()

    def take(self, rows, columns):
        frame = pl.scan_parquet(self.file, row_index_name="row")
        return as_batches(frame.filter(pl.col("row").is_in(pl.Series(rows).implode())).select(columns).collect().to_arrow())

    def scan(self, columns):
        return as_batches(pl.read_parquet(self.file, columns=columns).to_arrow())

    def filter(self, condition, columns):
        names = {"==": "eq", ">=": "ge", "<": "lt"}
        tests = [getattr(pl.col(column), names[operator])(value) for column, operator, value in condition]
        return as_batches(self.frame.filter(*tests).select(columns).collect().to_arrow())
