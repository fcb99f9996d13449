# SPDX-License-Identifier: Apache-2.0
"""The backup that milvus.md starts from."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(sys._getframe().f_code.co_filename).parents[2] / "compat"))
import milvus_backup  # noqa: E402

milvus_backup.write("demo")
