# SPDX-License-Identifier: Apache-2.0
"""S3 with nothing between: signed requests over kept connections, one thread each. What a store's throughput is compared with."""

import concurrent.futures
import datetime
import hashlib
import hmac
import http.client
import os
import re
import threading
import urllib.parse


class RawS3:
    def __init__(self, parallel: int) -> None:
        self.host = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
        self.threads = concurrent.futures.ThreadPoolExecutor(parallel)
        self.local = threading.local()

    def sign(self, method: str, path: str, query: str) -> dict[str, str]:
        """Signature version 4 of a request whose body is not signed, as SDKs send them over TLS."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{now[:8]}/{os.environ['AWS_REGION']}/s3/aws4_request"
        headers = {"host": self.host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": now}
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
        for word in scope.split("/"):
            key = hmac.digest(key, word.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
                                    f"SignedHeaders={names}, Signature={signature}")
        return headers

    def send(self, method: str, path: str, query: str = "", body=b"", out=None, headers=None):
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection(self.host, blocksize=1 << 20)
        connection.request(method, f"{path}?{query}" if query else path, body,
                           {**self.sign(method, path, query), **(headers or {})})
        answer = connection.getresponse()
        if out is None:
            text = answer.read()
        else:
            text, at = b"", 0
            while at < len(out) and (step := answer.readinto(out[at:])):
                at += step
            assert at == len(out)
        assert answer.status < 300, text
        return answer, text.decode()

    def upload(self, path: str, data: memoryview, part_bytes: int) -> None:
        _, begun = self.send("POST", path, "uploads=")
        upload = re.search("<UploadId>(.*?)</UploadId>", begun)[1]

        def part(number: int) -> str:
            body = data[(number - 1) * part_bytes : number * part_bytes]
            answer, _ = self.send("PUT", path, f"partNumber={number}&uploadId={upload}", body)
            return f"<Part><PartNumber>{number}</PartNumber><ETag>{answer.headers['ETag']}</ETag></Part>"

        parts = self.threads.map(part, range(1, -(-len(data) // part_bytes) + 1))
        body = "<CompleteMultipartUpload>" + "".join(parts) + "</CompleteMultipartUpload>"
        self.send("POST", path, f"uploadId={upload}", body.encode())

    def read(self, path: str, out: memoryview, range_bytes: int) -> None:
        def one(at: int) -> None:
            end = min(len(out), at + range_bytes)
            self.send("GET", path, out=out[at:end], headers={"range": f"bytes={at}-{end - 1}"})

        list(self.threads.map(one, range(0, len(out), range_bytes)))
