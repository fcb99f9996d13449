# SPDX-License-Identifier: Apache-2.0
"""What the Python in README.md must have come to."""

assert (t.version, len(t), first.version, len(first)) == (2, 40, 1, 20)  # noqa: F821
assert rows["id"].to_pylist() == [5, 17, 5] and rows["emb"].to_pylist() == [[1.0] * 4] * 3  # noqa: F821
assert hits["id"].to_pylist() == [17, 37]  # noqa: F821
