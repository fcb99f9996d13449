# SPDX-License-Identifier: Apache-2.0
import datetime
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ._errors import AlreadyExistsError as AlreadyExistsError
from ._errors import CancelledError as CancelledError
from ._errors import DeniedError as DeniedError
from ._errors import CommitConflictError as CommitConflictError
from ._errors import CommitUnknownError as CommitUnknownError
from ._errors import CorruptionError as CorruptionError
from ._errors import Error as Error
from ._errors import InternalError as InternalError
from ._errors import InvalidError as InvalidError
from ._errors import IOError as IOError
from ._errors import NotFoundError as NotFoundError
from ._errors import ResourceError as ResourceError
from ._errors import UnsupportedError as UnsupportedError

__version__: str

class _ArrowSchema(Protocol):
    def __arrow_c_schema__(self) -> object: ...

class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

_Rows: TypeAlias = _ArrowStream | _ArrowArray | Mapping[str, Any]
_Numbers: TypeAlias = Sequence[int] | range | np.ndarray | _ArrowArray | _ArrowStream | Iterable[int]
_Columns: TypeAlias = str | Iterable[str] | None
_Filter: TypeAlias = str | pc.Expression | None
_Layout: TypeAlias = Literal["fixed", "list", "compact"]

class Schema:
    @property
    def names(self) -> list[str]: ...
    @property
    def types(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def __contains__(self, name: str) -> bool: ...
    def __eq__(self, other: object) -> bool: ...
    def to_arrow(self) -> pa.Schema: ...
    def __arrow_c_schema__(self) -> object: ...

class Array:
    def __len__(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def null_count(self) -> int: ...
    def to_numpy(self) -> np.ndarray: ...
    def to_arrow(self) -> pa.Array: ...
    def to_pylist(self) -> list[Any]: ...
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray: ...
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class Batch:
    def __len__(self) -> int: ...
    @property
    def num_rows(self) -> int: ...
    @property
    def schema(self) -> Schema: ...
    @property
    def column_names(self) -> list[str]: ...
    def column(self, name: str | int) -> Array: ...
    def __getitem__(self, name: str) -> Array: ...
    def to_arrow(self) -> pa.RecordBatch: ...
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class Rows:
    @property
    def schema(self) -> Schema: ...
    def __iter__(self) -> Iterator[Batch]: ...
    def column(self, name: str) -> Array: ...
    def __getitem__(self, name: str) -> Array: ...
    def to_numpy(self, column: str) -> np.ndarray: ...
    def to_arrow(self) -> pa.Table: ...
    def to_pandas(self) -> pd.DataFrame: ...
    def to_polars(self) -> pl.DataFrame: ...
    def to_pylist(self) -> list[dict[str, Any]]: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class Version(NamedTuple):
    version: int
    commit_micros: int
    operation: str
    rows_added: int
    rows_removed: int
    num_rows: int
    message: str
    @property
    def committed(self) -> datetime.datetime: ...

class OperationMetrics(NamedTuple):
    operation: str
    outcome: str
    calls: int
    requests: int
    bytes: int
    seconds: float

class StorageMetrics(NamedTuple):
    calls: int
    errors: int
    requests: int
    bytes: int
    operations: list[OperationMetrics]
    prometheus: str

class Table:
    @property
    def uri(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def schema(self) -> Schema: ...
    def __len__(self) -> int: ...
    def append(
        self,
        data: _Rows | Iterable[_Rows],
        message: str | None = None,
        *,
        compression: str | None = None,
        codec: Mapping[str, str] | None = None,
        keeps_timestamps: bool = False,
    ) -> int: ...
    def resolve_commit(self, token: str) -> int: ...
    def storage_metrics(self) -> StorageMetrics | None: ...
    def scan(
        self,
        columns: _Columns = None,
        filter: _Filter = None,
        limit: int | None = None,
        batch_size: int = 8192,
        verify: bool = True,
    ) -> Rows: ...
    def take(self, rows: _Numbers, columns: _Columns = None, verify: bool = True) -> Rows: ...
    def take_row_ids(self, ids: _Numbers, columns: _Columns = None, verify: bool = True) -> Rows: ...
    def count(self, filter: _Filter = None) -> int: ...
    def refresh(self) -> int: ...
    def versions(self, limit: int | None = None) -> list[Version]: ...
    def verify(self, deep: bool = False) -> list[str]: ...

def create(
    uri: str | os.PathLike[str],
    data_or_schema: _Rows | _ArrowSchema | Iterable[_Rows],
    primary_key: str | None = None,
    *,
    layout: Mapping[str, _Layout] | None = None,
    compression: str | None = None,
    codec: Mapping[str, str] | None = None,
    message: str | None = None,
    keeps_timestamps: bool = False,
    sync: bool = True,
    map_files: bool = True,
    commit_deadline: float = 60,
    storage_options: Mapping[str, str | int | bool] | None = None,
    config: str | os.PathLike[str] | None = None,
) -> Table: ...
def open(
    uri: str | os.PathLike[str],
    version: int | None = None,
    *,
    as_of: datetime.datetime | datetime.date | str | int | None = None,
    sync: bool = True,
    map_files: bool = True,
    commit_deadline: float = 60,
    storage_options: Mapping[str, str | int | bool] | None = None,
    config: str | os.PathLike[str] | None = None,
) -> Table: ...
