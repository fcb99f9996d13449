# SPDX-License-Identifier: Apache-2.0
"""Varve: a storage engine for vector data.

    >>> import varve
    >>> table = varve.create("books", {"id": ids, "emb": vectors}, primary_key="id")
    >>> table.take([5, 17, 5]).to_numpy("emb").shape
    (3, 768)
    >>> table.scan(columns=["id"], filter="id < 100").to_arrow()

Tables are folders of plain Parquet files; every commit is atomic. Results and inputs cross by the Arrow PyCapsule interface, so
pyarrow, Polars, DuckDB and pandas objects go in and come out without a copy of the data.
"""

import os as _os
from operator import index as _index
from typing import NamedTuple as _NamedTuple

from ._errors import (
    AlreadyExistsError,
    CancelledError,
    CommitConflictError,
    CommitUnknownError,
    CorruptionError,
    DeniedError,
    Error,
    InternalError,
    InvalidError,
    IOError,
    NotFoundError,
    ResourceError,
    UnsupportedError,
)
from ._varve import Array, Batch, Rows, Schema, Table, _create, _open, _Settings

__version__ = "0.1.0"

__all__ = [
    "AlreadyExistsError",
    "Array",
    "Batch",
    "CancelledError",
    "CommitConflictError",
    "CommitUnknownError",
    "CorruptionError",
    "DeniedError",
    "Error",
    "IOError",
    "InternalError",
    "InvalidError",
    "NotFoundError",
    "OperationMetrics",
    "ResourceError",
    "Rows",
    "Schema",
    "StorageMetrics",
    "Table",
    "UnsupportedError",
    "Version",
    "create",
    "open",
]


class Version(_NamedTuple):
    """One entry of a table's history."""

    version: int
    commit_micros: int
    operation: str
    rows_added: int
    rows_removed: int
    num_rows: int
    message: str

    @property
    def committed(self):
        """The time of the commit, in UTC."""
        import datetime

        epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return epoch + datetime.timedelta(microseconds=self.commit_micros)


class OperationMetrics(_NamedTuple):
    """Tries of one kind that ended in one way."""

    operation: str
    outcome: str
    calls: int
    requests: int
    bytes: int
    seconds: float


class StorageMetrics(_NamedTuple):
    """What a store was asked, and how it answered. `prometheus` is the same as text that Prometheus scrapes, with latencies."""

    calls: int
    errors: int
    requests: int
    bytes: int
    operations: list
    prometheus: str


def create(
    uri,
    data_or_schema,
    primary_key=None,
    *,
    layout=None,
    compression=None,
    codec=None,
    message=None,
    keeps_timestamps=False,
    sync=True,
    map_files=True,
    commit_deadline=60,
    storage_options=None,
    config=None,
):
    """Creates a table and returns it.

    uri
        a folder, "file:///folder", "memory://name", or a folder in an object store: "s3://bucket/folder", az, gs, oss, cos
    data_or_schema
        rows for the first version, in anything that append takes; or an Arrow schema for a table without rows
    primary_key
        name of the key column, of 64-bit integers or texts
    layout
        how vector columns are stored, by name: "fixed" (the default: fastest), "list" (other engines see floats),
        "compact" (smaller, slower)
    compression
        of scalars and texts for which it is worth while: "zstd" (the default), "lz4", "snappy", "gzip", "none", with a level for
        zstd (1 to 22), lz4 (1 to 12) and gzip (1 to 9): "zstd:9"
    codec
        of single fields by name, whatever it saves: {"title": "zstd:9"}; of a vector in layout "compact" only. Both are also for
        what the returned table appends
    message
        kept in the history, with version 1
    keeps_timestamps
        True: the rows have a column "Timestamp" too, of 64-bit integers without nulls: their hybrid timestamps (milliseconds
        since 1970 times 2**18, and a counter), stored with them and shown in place of the commit's. From 2**63 on they are
        negative
    sync
        False leaves it to the operating system when bytes reach the disk
    map_files
        False: files on the local disk are read into memory and verified there at every read; else they are mapped, and a page
        is verified when this process first touches it
    commit_deadline
        seconds that making a version may take once its files are written; what the store has not said by then is unknown
        (CommitUnknownError)
    storage_options
        of the object store, by the names its users know: {"aws_region": "eu-west-1"}; what is missing is looked for in the
        environment
    config
        a YAML file, or its text, for what is said neither in the address nor in storage_options; by default the file that the
        variable VARVE_CONFIG names. Where it names a place, a plain name such as "books" lies below it

    Raises AlreadyExistsError if there is a table.
    """
    settings = _settings_of(config, sync, storage_options, map_files, commit_deadline)
    return _create(
        _os.fspath(uri), data_or_schema, primary_key, layout or {}, compression, codec or {}, message, keeps_timestamps, settings
    )


def open(
    uri, version=None, *, as_of=None, sync=True, map_files=True, commit_deadline=60, storage_options=None, config=None
):
    """Opens a table: its newest version, the one numbered `version`, or the newest committed at or before `as_of` (a datetime,
    a text such as "2026-11-21T04:00" in UTC, or microseconds since 1970). One opened at a version or a time stays there.
    `uri`, `map_files`, `commit_deadline`, `storage_options` and `config` are as for create.

    Raises NotFoundError if there is no such table or version.
    """
    if version is not None and as_of is not None:
        raise InvalidError("version and as_of exclude each other")
    if version is not None:
        try:
            version = _index(version)
        except TypeError:
            raise TypeError(f"version must be a whole number, not {type(version).__name__}") from None
        if version < 1:
            raise InvalidError("versions count from 1")
    micros = 0 if as_of is None else _micros_of(as_of)
    return _open(_os.fspath(uri), version or 0, micros, _settings_of(config, sync, storage_options, map_files, commit_deadline))


def _settings_of(config, sync, storage_options, map_files, commit_deadline):
    # A text of YAML has a key, and therefore a colon before a space or a line's end; a path that looks so is given as a Path.
    is_text = isinstance(config, str) and any(mark in config + "\n" for mark in (": ", ":\n"))
    path_or_text = config if config is None or is_text else _os.fspath(config)
    millis = round(commit_deadline * 1000)
    if millis < 1:
        raise InvalidError(f"commit_deadline must be a time to wait, not {commit_deadline} seconds")
    return _Settings(path_or_text, is_text, sync, map_files, millis, _texts_of(storage_options))


def _texts_of(storage_options):
    texts = {}
    for name, value in (storage_options or {}).items():
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, int):
            value = str(value)
        if not isinstance(name, str) or not isinstance(value, str):
            # The value is not shown: it may be secret.
            raise TypeError(f"storage option {name!r} must be a text, a number or a bool, not {type(value).__name__}")
        texts[name] = value
    return texts


def _micros_of(moment):
    import datetime

    if isinstance(moment, str):
        try:
            moment = datetime.datetime.fromisoformat(moment)
        except ValueError:
            raise InvalidError(f"as_of is no time: {moment!r}; write 2026-11-21 or 2026-11-21T04:00:00Z") from None
        if moment.tzinfo is None:  # as everywhere: times without a zone are UTC
            moment = moment.replace(tzinfo=datetime.timezone.utc)
    elif isinstance(moment, datetime.date) and not isinstance(moment, datetime.datetime):
        moment = datetime.datetime(moment.year, moment.month, moment.day, tzinfo=datetime.timezone.utc)
    if hasattr(moment, "timestamp"):
        return round(moment.timestamp() * 1_000_000)
    try:
        return _index(moment)
    except TypeError:
        raise TypeError(f"as_of must be a datetime, a text or microseconds since 1970, not {type(moment).__name__}") from None
