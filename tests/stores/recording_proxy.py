# SPDX-License-Identifier: Apache-2.0
"""An HTTP proxy on 127.0.0.1 that notes each request, and asks a script what to do with it."""

import contextlib
import dataclasses
import http.client
import http.server
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator

FORWARD = "forward"
RESET = "reset"  # the request is read and not forwarded
DROP_ANSWER = "drop answer"  # forwarded, and the connection is reset instead of an answer
TRUNCATE = "truncate"  # forwarded, and the connection is reset in the middle of the answer
HOP_HEADERS = {"connection", "transfer-encoding", "content-length"}


@dataclasses.dataclass(frozen=True)
class Echo:
    """Not forwarded: the answer is that status, and in its body all that was sent, as gateways do that explain themselves."""

    status: int


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]

    @property
    def step(self) -> str:
        """Which step of a multipart upload this is: begin, part N, complete, abort; or the method."""
        if self.method == "POST":
            return "complete" if "uploadId" in self.query else "begin"
        if "uploadId" in self.query:
            return {"PUT": f"part {self.query.get('partNumber')}", "DELETE": "abort", "GET": "list parts"}[self.method]
        return "list uploads" if "uploads" in self.query else self.method


class Proxy:
    """`script` is told each request and its number, from 0, and answers FORWARD, RESET, DROP_ANSWER, TRUNCATE or an Echo."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urllib.parse.urlsplit(upstream).netloc
        self.script: Callable[[Request, int], str | Echo] = lambda request, number: FORWARD
        self.requests: list[Request] = []
        self.done: list[str] = []  # steps that the server has carried out
        self.lock = threading.Condition()
        self.under_way = 0
        self.address = ""

    def restart(self, script: Callable[[Request, int], str | Echo] | None = None) -> None:
        """Once what is under way has ended."""
        with self.lock:
            self.lock.wait_for(lambda: self.under_way == 0)
            self.requests = []
            self.done = []
            self.script = script or (lambda request, number: FORWARD)

    def steps(self) -> list[str]:
        with self.lock:
            return [request.step for request in self.requests]

    def carried_out(self) -> list[str]:
        """Once what is under way has ended."""
        with self.lock:
            self.lock.wait_for(lambda: self.under_way == 0)
            return list(self.done)

    def serve(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        with self.lock:
            self.under_way += 1
        try:
            self.forward(handler)
        finally:
            with self.lock:
                self.under_way -= 1
                self.lock.notify_all()

    def forward(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        url = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        request = Request(handler.command, url.path, query)
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        with self.lock:
            number = len(self.requests)
            self.requests.append(request)
            script = self.script
        action = script(request, number)
        if action == RESET:
            return self.reset(handler)
        if isinstance(action, Echo):
            return self.echo(handler, action.status, body)
        upstream = http.client.HTTPConnection(self.upstream, timeout=60)
        with contextlib.closing(upstream):
            upstream.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in handler.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            content = answer.read()
        if answer.status < 300:
            with self.lock:
                self.done.append(request.step)
        if action == DROP_ANSWER:
            return self.reset(handler)
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_HEADERS:
                handler.send_header(name, value)
        length = answer.getheader("Content-Length") if handler.command == "HEAD" else None
        handler.send_header("Content-Length", length or str(len(content)))
        handler.end_headers()
        if action == TRUNCATE:
            handler.wfile.write(content[: len(content) // 2])
            handler.wfile.flush()
            return self.reset(handler)
        handler.wfile.write(content)

    @staticmethod
    def echo(handler: http.server.BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        content = f"{handler.requestline}\r\n{handler.headers}".encode() + body[:1024]
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)

    @staticmethod
    def reset(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        handler.connection.close()


@contextlib.contextmanager
def running(upstream: str) -> Iterator[Proxy]:
    proxy = Proxy(upstream)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            with contextlib.suppress(OSError):  # a client that was killed
                proxy.serve(self)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        def finish(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().finish()

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
