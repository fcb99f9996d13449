# SPDX-License-Identifier: Apache-2.0
"""What the Python in README.md starts from: rows, and more of them."""

import numpy as np

ids = np.arange(20)
data = {"id": ids, "label": ids % 10, "ts": 10 * ids, "emb": np.ones((20, 4), np.float32)}
more = {**data, "id": ids + 20}
