# SPDX-License-Identifier: Apache-2.0
"""pyarrow on Parquet and on Arrow files."""

import numpy as np

from .peer import Peer, as_batches


class PyarrowBlob(Peer):
    """pyarrow with the settings that suit vectors best: fixed-size blobs, uncompressed, memory-mapped."""

    name, note = "pyarrow", "vectors as fixed-size blobs, memory-mapped"

    def load(self):
        super().load()
        global pa, pq, pds
        import pyarrow as pa
        import pyarrow.dataset as pds
        import pyarrow.parquet as pq

    def version(self):
        return pa.__version__

    def write(self, source, path):
        import pyarrow.parquet as parquet
        rows = source.blob_reader()
        present = set(rows.schema.names)
        with parquet.ParquetWriter(path + "/d.parquet", rows.schema, compression="none", write_page_index=True,
                                   use_dictionary=[c for c in ("label", "text") if c in present],
                                   write_statistics=[c for c in ("id", "ts", "label", "score") if c in present]) as writer:
            for batch in rows:
                writer.write_batch(batch, row_group_size=8192)

    def open(self, path):
        self.file = pq.ParquetFile(path + "/d.parquet", memory_map=True)
        self.dataset = pds.dataset(path + "/d.parquet")
        sizes = [self.file.metadata.row_group(i).num_rows for i in range(self.file.num_row_groups)]
        self.start = np.concatenate([[0], np.cumsum(sizes)])

    def take(self, rows, columns):  # only the row groups touched, the best its interface allows
        groups, first = np.unique(np.searchsorted(self.start, rows, "right") - 1, return_index=True)
        for group, low, high in zip(groups, first, [*first[1:], len(rows)]):
            table = self.file.read_row_group(int(group), columns=columns)
            yield from table.take(pa.array(rows[low:high] - self.start[group])).to_batches()

    def scan(self, columns):
        return self.file.iter_batches(8192, columns=columns)

    def filter(self, condition, columns):
        whole = None
        for column, operator, value in condition:
            field = pds.field(column)
            one = field == value if operator == "==" else field >= value if operator == ">=" else field < value
            whole = one if whole is None else whole & one
        return as_batches(self.dataset.to_table(columns=columns, filter=whole))


class ArrowFile(Peer):
    name, note = "arrow-file", "reference: memory-mapped Arrow IPC file"

    def load(self):
        super().load()
        global pa
        import pyarrow as pa

    def version(self):
        return pa.__version__

    def write(self, source, path):
        with pa.OSFile(path + "/d.arrow", "wb") as f, pa.ipc.new_file(f, source.schema) as writer:
            for batch in source.batches():
                writer.write_batch(batch)

    def open(self, path):
        reader = pa.ipc.open_file(pa.memory_map(path + "/d.arrow"))
        self.table = pa.Table.from_batches([reader.get_batch(i) for i in range(reader.num_record_batches)])

    def take(self, rows, columns):
        return self.table.select(columns).take(pa.array(rows)).to_batches()

    def scan(self, columns):
        return self.table.select(columns).to_batches()

    def filter(self, condition, columns):
        import pyarrow.compute as pc
        compare = {"==": pc.equal, ">=": pc.greater_equal, "<": pc.less}
        mask = None
        for column, operator, value in condition:
            one = compare[operator](self.table[column], value)
            mask = one if mask is None else pc.and_(mask, one)
        return self.take(np.flatnonzero(mask.to_numpy()), columns)
