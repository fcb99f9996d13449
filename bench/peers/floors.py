# SPDX-License-Identifier: Apache-2.0
"""Not systems but bounds: raw arrays in plain files, without schema or metadata."""

import os

import numpy as np
import workload

from .peer import Peer


class FloorMapped(Peer):
    name, note = "floor-mapped", "NumPy over memory-mapped raw arrays"

    def version(self):
        return np.__version__

    def write(self, source, path):  # the same bytes, buffer by buffer
        with open(path + "/d.raw", "wb", buffering=0) as f:
            for batch in source.batches():
                for buffer in (b for column in batch.columns for b in column.buffers() if b is not None):
                    f.write(buffer)

    def open(self, path):
        self.raw = workload.load_raw(path)
        self.descriptor = os.open(path + "/emb.npy", os.O_RDONLY)
        self.base = os.path.getsize(path + "/emb.npy") - self.raw["emb"].nbytes

    def answer(self, question, repetition, num_rows):
        return workload.right_answer(self.raw, question, repetition, num_rows)


class FloorPread(FloorMapped):
    name, note = "floor-pread", "one pread a row"

    def answer(self, question, repetition, num_rows):
        if not question.startswith("take"):
            return super().answer(question, repetition, num_rows)
        rows = workload.rows_of_take(workload.take_count(question), repetition, num_rows)
        width = self.raw["emb"].shape[1] * 4
        out = np.empty((len(rows), width // 4), np.float32)
        for row, place in zip(rows.tolist(), out):
            os.preadv(self.descriptor, [place], self.base + row * width)
        ids = int(self.raw["id"][rows].sum()) if question.endswith("_all") else 0
        return [len(rows), workload.xor_words(out), ids]
