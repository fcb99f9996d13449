# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pyarrow as pa
import pytest

import varve

ROWS = 20_000
DIM = 32


def make_rows(rows=ROWS, first=0):
    """Rows whose values follow from the row number and a seed."""
    random = np.random.default_rng([20261121, first])
    vectors = random.standard_normal((rows, DIM), dtype=np.float32)
    ids = np.arange(first, first + rows, dtype=np.int64)
    return pa.table({
        "id": ids,
        "ts": 1_700_000_000_000 + 37 * ids,
        "label": random.integers(0, 100, rows, dtype=np.int32),
        "score": pa.array(random.random(rows), mask=ids % 7 == 3),
        "text": [f"row {i}" if i % 11 else None for i in ids.tolist()],
        "flag": pa.array(ids % 3 == 0),
        "emb": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIM),
    })


def plain(table):
    """A pyarrow table without the metadata and nullability in which two equal results may differ."""
    table = pa.table(table)
    columns = {}
    for field in table.schema:
        column = table[field.name].combine_chunks()
        if pa.types.is_fixed_size_list(field.type):
            column = column.cast(pa.list_(pa.field("item", field.type.value_type), field.type.list_size))
        columns[field.name] = column
    return pa.table(columns)


@pytest.fixture(scope="session")
def rows():
    return make_rows()


@pytest.fixture(scope="session")
def table(tmp_path_factory, rows):
    """One table for all tests that only read: two segments."""
    uri = tmp_path_factory.mktemp("shared") / "table"
    made = varve.create(uri, rows.slice(0, 15_000))
    made.append(rows.slice(15_000))
    return made
