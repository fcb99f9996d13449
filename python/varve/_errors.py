# SPDX-License-Identifier: Apache-2.0
"""The exceptions of the package: one class a kind, all derived from Error."""


class Error(Exception):
    """What every operation of this package raises when it fails.

    Attributes that do not apply are None:

    kind
        stable lower-case name, such as "corruption"
    object
        path of the file or object, or URI of the table
    field
        column, or member of a structure
    offset
        byte offset in the object
    expected, found
        what should have been there, and what was
    """

    kind = "internal"
    object = None
    field = None
    offset = None
    expected = None
    found = None


class InvalidError(Error, ValueError):
    """The caller's input is wrong."""

    kind = "invalid"


class NotFoundError(Error, LookupError):
    """A table, version, object, column or row does not exist."""

    kind = "not_found"


class AlreadyExistsError(Error):
    """Something of that name is there already."""

    kind = "already_exists"


class CorruptionError(Error):
    """The bytes read are not the bytes that were written."""

    kind = "corruption"


class CommitConflictError(Error):
    """Another commit overlaps this one; nothing of this one is visible."""

    kind = "commit_conflict"


class CommitUnknownError(Error):
    """The commit may or may not have happened: ask Table.resolve_commit(error.token) before trying again."""

    kind = "commit_unknown"

    @property
    def token(self):
        """What Table.resolve_commit and `varve resolve` want to know; a text that may be kept."""
        return self.found


class UnsupportedError(Error):
    """A valid file or request that this version does not handle."""

    kind = "unsupported"


class ResourceError(Error):
    """Memory, disk or a configured limit ran out."""

    kind = "resource_exhausted"


class IOError(Error, OSError):
    """The operating system or the store reported an error."""

    kind = "io"


class DeniedError(Error, PermissionError):
    """The operating system or the store denies access."""

    kind = "denied"


class CancelledError(Error):
    """The operation was asked to stop."""

    kind = "cancelled"


class InternalError(Error):
    """A defect of Varve."""

    kind = "internal"


_CLASSES = {
    c.kind: c
    for c in (
        InvalidError,
        NotFoundError,
        AlreadyExistsError,
        CorruptionError,
        CommitConflictError,
        CommitUnknownError,
        UnsupportedError,
        ResourceError,
        IOError,
        DeniedError,
        CancelledError,
        InternalError,
    )
}


def class_of_kind(kind: str) -> type[Error]:
    """The class for a kind's stable name."""
    return _CLASSES.get(kind, InternalError)
