# SPDX-License-Identifier: Apache-2.0
"""What an S3 answers that keeps its objects as files of one folder, and looks at no signature. counting_s3.py serves it."""

import email.utils
import hashlib
import os
import re
import stat
import urllib.parse
from typing import NamedTuple
from xml.sax.saxutils import escape

WANTED = re.compile(rb"\r\n(range|content-length|if-none-match|content-encoding|transfer-encoding):([^\r]*)", re.IGNORECASE)
RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
EMPTY_LISTS = {"prefix": "", "delimiter": "", "start-after": "", "continuation-token": "", "max-keys": "1000"}


class Request(NamedTuple):
    method: str
    key: str
    query: dict
    headers: dict
    body: bytes
    begun: float  # when its last byte came


class Answer(NamedTuple):
    status: int
    head: str = ""
    body: bytes = b""
    file: tuple | None = None  # descriptor, offset, length

    @property
    def length(self):
        return self.file[2] if self.file else len(self.body)


def error(status, code):
    return Answer(status, "Content-Type: application/xml\r\n", f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())


def parse(data, begun):
    """A request and what follows it; None while it is not whole."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, _, _ = data.partition(b"\r\n")
    headers = {name.lower().decode(): value.strip().decode() for name, value in WANTED.findall(data[:end + 2])}
    length = int(headers.get("content-length", 0))
    if len(data) < end + 4 + length:
        return None
    method, target, _ = first.decode("latin-1").split(" ")
    path, _, query = target.partition("?")
    key = (urllib.parse.unquote(path) if "%" in path else path).lstrip("/").partition("/")[2]
    query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True)) if query else {}
    return Request(method, key, query, headers, data[end + 4 : end + 4 + length], begun), data[end + 4 + length :]


class Folder:
    """The answers. Objects are files, replaced by rename: a hard-linked original keeps its bytes."""

    def __init__(self, root):
        self.root, self.open_files, self.uploads = root, {}, {}

    def answer(self, request):
        if "aws-chunked" in request.headers.get("content-encoding", "") or "transfer-encoding" in request.headers:
            return error(501, "NotImplemented")
        known = {"GET": self.get, "HEAD": self.get, "PUT": self.put, "POST": self.post, "DELETE": self.delete}
        return known.get(request.method, lambda _: error(405, "MethodNotAllowed"))(request)

    def opened(self, key):
        """Descriptor, size and head of an object."""
        path = os.path.join(self.root, key)
        try:
            status = os.stat(path)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        found = self.open_files.get(path)
        if found is None or found[0] != stamp:
            if found:
                os.close(found[1])
            head = (f"ETag: {etag(stamp)}\r\nAccept-Ranges: bytes\r\nContent-Type: application/octet-stream\r\n"
                    f"Last-Modified: {email.utils.formatdate(status.st_mtime, usegmt=True)}\r\n")
            found = self.open_files[path] = (stamp, os.open(path, os.O_RDONLY), status.st_size, head)
        return found[1:]

    def get(self, request):
        if request.method == "GET" and "list-type" in request.query:
            return self.list(request.query)
        found = self.opened(request.key)
        if found is None:
            return error(404, "NoSuchKey")
        descriptor, size, head = found
        asked = RANGE.match(request.headers.get("range", ""))
        if not asked:
            return Answer(200, head, file=(descriptor, 0, size))
        first, last = asked.groups()
        low, high = (int(first), min(int(last or size), size - 1)) if first else (max(0, size - int(last)), size - 1)
        if low >= size:
            return error(416, "InvalidRange")
        return Answer(206, f"{head}Content-Range: bytes {low}-{high}/{size}\r\n", file=(descriptor, low, high - low + 1))

    def list(self, query):
        ask = EMPTY_LISTS | query
        prefix, delimiter, most = ask["prefix"], ask["delimiter"], int(ask["max-keys"])
        after = max(ask["start-after"], ask["continuation-token"])
        base = os.path.join(self.root, os.path.dirname(prefix))
        keys = (os.path.relpath(os.path.join(folder, name), self.root) for folder, _, names in os.walk(base) for name in names)
        found = {}  # a key, or what keys have in common, in order
        for key in sorted(k for k in keys if k.startswith(prefix) and k > after):
            rest = key[len(prefix):]
            place = prefix + rest.partition(delimiter)[0] + delimiter if delimiter and delimiter in rest else key
            if place <= after:
                continue
            if len(found) == most and place not in found:
                break
            found[place] = place == key
            last = key
        else:
            last = None
        text = []
        for place, is_key in found.items():
            if is_key:
                size = os.path.getsize(os.path.join(self.root, place))
                text.append(f"<Contents><Key>{escape(place)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                            f"<ETag>&quot;x&quot;</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>")
            else:
                text.append(f"<CommonPrefixes><Prefix>{escape(place)}</Prefix></CommonPrefixes>")
        more = "" if last is None else f"<NextContinuationToken>{escape(last)}</NextContinuationToken>"
        body = ('<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<Name>b</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(found)}</KeyCount><MaxKeys>{most}</MaxKeys>"
                f"<IsTruncated>{str(last is not None).lower()}</IsTruncated>{more}{''.join(text)}</ListBucketResult>")
        return Answer(200, "Content-Type: application/xml\r\n", body.encode())

    def store(self, request, body):
        path = os.path.join(self.root, request.key)
        if request.headers.get("if-none-match") == "*" and os.path.exists(path):
            return error(412, "PreconditionFailed")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".put", "wb") as f:
            f.write(body)
        os.replace(path + ".put", path)
        status = os.stat(path)
        return Answer(200, f"ETag: {etag((status.st_ino, status.st_mtime_ns, status.st_size))}\r\n")

    def put(self, request):
        if "uploadId" not in request.query:
            return self.store(request, request.body)
        self.uploads[request.query["uploadId"]][int(request.query["partNumber"])] = request.body
        return Answer(200, 'ETag: "part"\r\n')

    def post(self, request):
        if "uploads" in request.query:
            upload = str(len(self.uploads) + 1)
            self.uploads[upload] = {}
            return Answer(200, "Content-Type: application/xml\r\n",
                          f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>".encode())
        if "uploadId" not in request.query:
            return error(501, "NotImplemented")
        parts = self.uploads[request.query["uploadId"]]
        done = self.store(request, b"".join(parts[number] for number in sorted(parts)))
        if done.status != 200:
            return done
        return Answer(200, "Content-Type: application/xml\r\n", b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")

    def delete(self, request):
        path = os.path.join(self.root, request.key)
        if "uploadId" not in request.query and os.path.isfile(path):
            os.unlink(path)
        return Answer(204)


def etag(stamp):
    return '"' + hashlib.md5(repr(stamp).encode()).hexdigest() + '"'
