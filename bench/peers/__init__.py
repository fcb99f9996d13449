# SPDX-License-Identifier: Apache-2.0
"""The systems compared, one class each. Nothing heavy is imported until a peer's load()."""

from . import arrow_files, databases, floors, formats, varve_peer

ALL = {c.name: c for module in (varve_peer, formats, databases, arrow_files, floors) for c in vars(module).values()
       if isinstance(c, type) and c.__module__ == module.__name__ and c.name}
