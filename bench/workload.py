# SPDX-License-Identifier: Apache-2.0
"""The rows every system stores, the questions every system is asked, and the right answers.

W1: id int64 0..N-1 | ts int64 = T0 + 37*i | label int32 uniform 0..999 | score float64, two decimals, 0..100
    text utf8, 16 skewed words (about 100 bytes) | emb fixed_size_list<float32, 768>, unit length
W2: id int64 | label int32 | emb fixed_size_list<float32, 128>
The stream is PCG64; each batch has a seed of its own, so batch i is the same whatever the number of rows.
"""

import functools
import hashlib
import json
import os

import numpy as np

SEED, T0, STEP, BATCH = 20261121, 1_700_000_000_000, 37, 8192
DIM = {"w1": 768, "w2": 128}
QUICK_ROWS = {"w1": 200_000, "w2": 500_000}
FULL_ROWS = {"w1": 1_000_000, "w2": 5_000_000}
ALL_COLUMNS = ["id", "ts", "label", "score", "text", "emb"]

# How often a question is repeated in one child process.
REPETITIONS = {"take1": 9, "take100": 25, "take1000": 9, "take100_all": 15, "scan_emb": 3, "scan_scalars": 15,
               "filter_label": 9, "filter_ts": 9}
WARM = 999  # the repetition that comes before the clock starts


def schema(workload):
    import pyarrow as pa
    vector = pa.list_(pa.field("item", pa.float32(), nullable=False), DIM[workload])
    fields = [("id", pa.int64()), ("ts", pa.int64()), ("label", pa.int32()), ("score", pa.float64()), ("text", pa.utf8()),
              ("emb", vector)]
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in fields
                      if workload == "w1" or name in ("id", "label", "emb")])


@functools.cache
def vocabulary():
    g = np.random.Generator(np.random.PCG64([SEED, 1]))
    return np.array(["".join(map(chr, g.integers(97, 123, g.integers(3, 9)))) for _ in range(4096)], dtype=object)


def make_batch(workload, start, rows):
    import pyarrow as pa
    g = np.random.Generator(np.random.PCG64([SEED, 2, start]))
    vectors = g.standard_normal((rows, DIM[workload]), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.arange(start, start + rows, dtype=np.int64)
    columns = {"id": pa.array(ids), "label": pa.array(g.integers(0, 1000, rows, dtype=np.int32)),
               "emb": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIM[workload])}
    if workload == "w1":
        pick = np.minimum(g.zipf(1.3, (rows, 16)) - 1, 4095)
        columns.update(ts=pa.array(T0 + STEP * ids), score=pa.array(g.integers(0, 10001, rows) / 100.0),
                       text=pa.array([" ".join(vocabulary()[r]) for r in pick], pa.utf8()))
    shape = schema(workload)
    return pa.record_batch([columns[f.name].cast(f.type) for f in shape], schema=shape)


def generate(workload, rows, folder):
    """Writes the Arrow file and raw arrays of a workload unless they are there; returns the facts about them."""
    facts = f"{folder}/facts.json"
    if os.path.exists(facts):
        return json.load(open(facts))
    import pyarrow as pa
    os.makedirs(folder, exist_ok=True)
    digest, raw, parts = hashlib.sha256(), 0, {c: [] for c in ("id", "ts", "label")}
    vectors = np.lib.format.open_memmap(f"{folder}/emb.npy", "w+", np.float32, (rows, DIM[workload]))
    with pa.OSFile(f"{folder}/rows.arrow", "wb") as f, pa.ipc.new_file(f, schema(workload)) as writer:
        for start in range(0, rows, BATCH):
            batch = make_batch(workload, start, min(BATCH, rows - start))
            writer.write_batch(batch)
            raw += batch.nbytes
            values = batch.column("emb").flatten().to_numpy()
            digest.update(values)
            vectors[start:start + batch.num_rows] = values.reshape(batch.num_rows, -1)
            for name in parts:
                if name in batch.schema.names:
                    parts[name].append(batch.column(name).to_numpy())
    vectors.flush()
    for name, chunks in parts.items():
        if chunks:
            np.save(f"{folder}/{name}.npy", np.concatenate(chunks))
    out = dict(workload=workload, seed=SEED, rows=rows, dim=DIM[workload], raw_bytes=raw, vector_bytes=rows * DIM[workload] * 4,
               sha256_emb=digest.hexdigest())
    json.dump(out, open(facts, "w"))
    return out


# ---------------------------------------------------------------- questions

@functools.cache
def rows_of_take(count, repetition, num_rows):
    """The rows of one take, sorted and distinct. Drawing them costs more than a bare read: call it before the clock starts."""
    g = np.random.Generator(np.random.PCG64([SEED, 3, count, repetition]))
    return np.sort(g.choice(num_rows, count, replace=False)).astype(np.int64)


def take_count(question):
    return int(question.removeprefix("take").removesuffix("_all"))


def condition(question, num_rows):
    if question == "filter_label":
        return [("label", "==", 7)]
    low = T0 + STEP * (num_rows * 2 // 5)
    return [("ts", ">=", low), ("ts", "<", low + STEP * (num_rows // 100))]


def xor_words(values):
    return int(np.bitwise_xor.reduce(values.reshape(-1).view(np.uint64)))


def ask(peer, question, repetition, num_rows):
    """Asks one question and reads every word of the answer; its checksum: [rows, vectors or labels, ids]."""
    if question.startswith("take"):
        rows = rows_of_take(take_count(question), repetition, num_rows)
        if question.endswith("_all"):
            return consume(peer, peer.take(rows, ALL_COLUMNS), "emb", "id")
        return consume(peer, peer.take(rows, ["emb"]), "emb")
    if question == "scan_emb":
        return consume(peer, peer.scan(["emb"]), "emb")
    if question == "scan_scalars":
        return consume(peer, peer.scan(["id", "label"]), "label", "id")
    return consume(peer, peer.filter(condition(question, num_rows), ["id", "emb"]), "emb", "id")


def consume(peer, batches, main, ids=None):
    rows = total = id_sum = 0
    for batch in batches:
        values = peer.values(batch, main)
        rows += batch.num_rows
        if main == "emb":
            total ^= xor_words(values)
        else:
            total += int(values.sum(dtype=np.int64))
        if ids:
            id_sum += int(peer.values(batch, ids).sum())
    return [rows, total, id_sum]


def right_answer(raw, question, repetition, num_rows):
    """The answer computed from the raw arrays; `raw` maps column names to them."""
    if question.startswith("take"):
        rows = rows_of_take(take_count(question), repetition, num_rows)
        return [len(rows), xor_words(raw["emb"][rows]), int(raw["id"][rows].sum()) if question.endswith("_all") else 0]
    if question == "scan_emb":
        return [num_rows, xor_words(raw["emb"]), 0]
    if question == "scan_scalars":
        return [num_rows, int(raw["label"].sum(dtype=np.int64)), int(raw["id"].sum())]
    if question == "filter_label":
        rows = np.flatnonzero(raw["label"] == 7)
    else:
        (_, _, low), (_, _, high) = condition(question, num_rows)
        rows = np.arange(*np.searchsorted(raw["ts"], [low, high]))
    return [len(rows), xor_words(raw["emb"][rows]), int(raw["id"][rows].sum())]


def load_raw(folder):
    return {name: np.asarray(np.load(f"{folder}/{name}.npy", mmap_mode="r")) for name in ("id", "ts", "label", "emb")
            if os.path.exists(f"{folder}/{name}.npy")}


def small_batch(folder, writer, k):
    """Ten rows for the k-th append of a writer, with ids of their own."""
    import pyarrow as pa
    if not hasattr(small_batch, "source"):
        small_batch.source = pa.ipc.open_file(pa.OSFile(f"{folder}/rows.arrow")).get_batch(0)
    source = small_batch.source
    table = pa.Table.from_batches([source.slice((k * 10) % (source.num_rows - 10), 10)])
    ids = pa.array(np.arange(10, dtype=np.int64) + writer * 1_000_000 + k * 10)
    return table.set_column(0, source.schema.field(0), ids)
