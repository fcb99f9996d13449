# SPDX-License-Identifier: Apache-2.0
"""What every peer offers.

  load()                          imports the library; not timed
  write(source, path)             leaves a complete dataset in the empty folder `path`
  open(path)                      the newest state, ready to read
  take(rows, columns)             rows: sorted distinct int64 array    -> batches
  scan(columns)                   every row                            -> batches
  filter(condition, columns)      [(column, operator, int)], all true  -> batches
  create(path, schema), append(path, table), rows(path)                   where `commits`: append opens the newest version itself
A batch has num_rows; values(batch, name) is a flat NumPy view of one of its columns, without a copy where the peer allows it.
"""

import os

import numpy as np


class Source:
    """The rows to write: held in memory (timed runs) or read batch by batch (peak-memory runs)."""

    def __init__(self, path, in_memory):
        import pyarrow as pa
        self.pa = pa
        self.file = pa.ipc.open_file(pa.OSFile(path))
        self.schema = self.file.schema
        self.held = [self.file.get_batch(i) for i in range(self.file.num_record_batches)] if in_memory else None

    def batches(self):
        if self.held is not None:
            return iter(self.held)
        return (self.file.get_batch(i) for i in range(self.file.num_record_batches))

    def reader(self):
        return self.pa.RecordBatchReader.from_batches(self.schema, self.batches())

    def blob_reader(self):
        """The same rows with `emb` as fixed-size binary, the Parquet type that scans fastest."""
        pa = self.pa
        place = self.schema.get_field_index("emb")
        kind = pa.binary(self.schema.field(place).type.list_size * 4)
        schema = self.schema.set(place, pa.field("emb", kind, nullable=False))

        def convert():
            for batch in self.batches():
                values = batch.column(place).flatten()
                blobs = pa.FixedSizeBinaryArray.from_buffers(kind, batch.num_rows, [None, values.buffers()[1]],
                                                             offset=values.offset * 4 // kind.byte_width)
                columns = [blobs if i == place else c for i, c in enumerate(batch.columns)]
                yield pa.record_batch(columns, schema=schema)

        return pa.RecordBatchReader.from_batches(schema, convert())


class Peer:
    name, commits, note = "", False, ""

    def load(self):
        import pyarrow  # noqa: F401  every peer is handed Arrow data

    def version(self):
        return ""

    def values(self, batch, name):
        return arrow_values(batch.column(name))


def arrow_values(array):
    import pyarrow as pa
    kind = array.type
    if pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return array.flatten().to_numpy(zero_copy_only=True)
    if pa.types.is_fixed_size_binary(kind):
        width = kind.byte_width // 4
        return np.frombuffer(array.buffers()[1], np.float32)[array.offset * width:][:len(array) * width]
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        size = np.int32 if pa.types.is_binary(kind) else np.int64
        offsets = np.frombuffer(array.buffers()[1], size)[array.offset:array.offset + len(array) + 1]
        return np.frombuffer(array.buffers()[2], np.uint8)[offsets[0]:offsets[-1]].view(np.float32)
    return array.to_numpy(zero_copy_only=False)


def as_sql(condition):
    return " AND ".join(f"{column} {'=' if operator == '==' else operator} {value}" for column, operator, value in condition)


def as_batches(table):
    return table.to_batches() if hasattr(table, "to_batches") else table


def files(path):
    return [os.path.join(folder, f) for folder, _, names in os.walk(path) for f in names]
