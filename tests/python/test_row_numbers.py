# SPDX-License-Identifier: Apache-2.0
"""Every way to name rows gives the same rows; what is no row number is refused in words."""

import array

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import varve

PICKED = [7, 0, 19_999, 7, 300]


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


@pytest.mark.parametrize("numbers", [
    PICKED,
    tuple(PICKED),
    iter(PICKED),
    [np.int32(x) for x in PICKED],
    [Index(x) for x in PICKED],
    *(np.array(PICKED, t) for t in (np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64)),
    np.repeat(np.array(PICKED), 3)[::3],
    np.array(PICKED[::-1])[::-1],
    array.array("q", PICKED),
    memoryview(array.array("i", PICKED)),
    pa.array(PICKED),
    pa.array(PICKED, pa.uint16()),
    pa.array([1, *PICKED])[1:],
    pa.chunked_array([PICKED[:2], PICKED[2:]]),
    pl.Series(PICKED),
    pd.Series(PICKED),
], ids=lambda x: type(x).__name__ + str(getattr(x, "dtype", getattr(x, "type", ""))))
def test_all_kinds_agree(table, numbers):
    assert table.take(numbers, columns=["id"]).to_numpy("id").tolist() == PICKED


@pytest.mark.parametrize("numbers", [range(5), range(10, 3, -2), range(19_990, 20_000, 3), range(0)])
def test_ranges(table, numbers):
    assert table.take(numbers, columns=["id"]).to_numpy("id").tolist() == list(numbers)


@pytest.mark.parametrize("numbers, message", [
    ([3, -1], "row number -1 at place 1 is negative"),
    (np.array([-5]), "-5"),
    (range(2, -2, -1), "-1"),
    ([1.0], "float"),
    (np.array([1.5]), "integers"),
    (np.array([True, False]), "mask"),
    ([True], "boolean"),
    (np.zeros((2, 2), np.int64), "one dimension"),
    (np.array([2**63], np.uint64), "64-bit"),
    ([2**70], "64-bit"),
    (pa.array([1, None]), "null"),
    (pa.array(["a"]), "string"),
    ("12", "text"),
    (b"12", "text"),
    (7, "int"),
    (None, "None"),
    ([None], "None"),
])
def test_what_is_refused(table, numbers, message):
    with pytest.raises(varve.InvalidError, match=message):
        table.take(numbers)
