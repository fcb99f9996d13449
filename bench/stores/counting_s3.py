#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small S3 on 127.0.0.1 that notes every request and answers after a delay, as a store that is far away does.

    counting_s3.py FOLDER SECONDS       serves the files of FOLDER as one bucket; prints its port; ends with its standard input

One thread and epoll: what it costs must not be what is measured. No signature is checked. GET with Range, HEAD, ListObjectsV2, PUT
with If-None-Match, DELETE, and uploads in parts. GET /-/log hands out, as JSON, what was asked since it was last called.
"""

import heapq
import json
import os
import select
import socket
import sys
import time

from s3_folder import Answer, Folder, parse

INLINE_BYTES = 64 << 10  # bodies up to here travel with their head, longer ones by sendfile


def kind_of(request):
    is_list = request.method == "GET" and "list-type" in request.query
    return "LIST" if is_list else request.method


class Connection:
    def __init__(self, channel):
        self.channel, self.data, self.busy, self.is_slow = channel, b"", False, False
        self.head, self.file, self.note = b"", None, None  # what is being sent

    def send(self):
        """Whether all is sent."""
        while self.head:
            self.head = self.head[self.channel.send(self.head):]
        while self.file:
            descriptor, offset, left = self.file
            sent = os.sendfile(self.channel.fileno(), descriptor, offset, left)
            if sent == 0:
                raise ConnectionError("the file has become shorter")
            self.file = (descriptor, offset + sent, left - sent) if left > sent else None
        return True


class Server:
    def __init__(self, root, delay):
        self.folder, self.delay, self.log = Folder(root), delay, []
        self.waiting, self.connections, self.count = [], {}, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.listener.setblocking(False)
        self.poll = select.epoll()
        for descriptor in (self.listener.fileno(), 0):
            self.poll.register(descriptor, select.EPOLLIN)

    def serve(self):
        print(self.listener.getsockname()[1], flush=True)
        while True:
            wait = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else None
            for descriptor, events in self.poll.poll(wait):
                if descriptor == 0:
                    if not os.read(0, 1):
                        return
                elif descriptor == self.listener.fileno():
                    self.accept()
                else:
                    self.attempt(self.connections[descriptor], events)
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                _, _, connection, request, answer = heapq.heappop(self.waiting)
                if connection.channel.fileno() >= 0:
                    self.begin(connection, request, answer)

    def accept(self):
        while True:
            try:
                channel, _ = self.listener.accept()
            except BlockingIOError:
                return
            channel.setblocking(False)
            channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections[channel.fileno()] = Connection(channel)
            self.poll.register(channel.fileno(), select.EPOLLIN)

    def attempt(self, connection, events):
        try:
            if events & select.EPOLLOUT:
                self.go_on(connection)
            if events & ~select.EPOLLOUT:
                data = connection.channel.recv(1 << 20)
                if not data:
                    return self.close(connection)
                if b"100-continue" in data:
                    connection.channel.send(b"HTTP/1.1 100 Continue\r\n\r\n")
                connection.data += data
                self.next(connection)
        except BlockingIOError:
            pass
        except OSError:
            self.close(connection)

    def close(self, connection):
        self.connections.pop(connection.channel.fileno(), None)
        connection.channel.close()

    def next(self, connection):
        if connection.busy or not (parsed := parse(connection.data, time.monotonic())):
            return
        request, connection.data = parsed
        connection.busy = True
        if request.key == "log" and request.method == "GET":
            log, self.log = self.log, []
            return self.begin(connection, None, Answer(200, body=json.dumps(log).encode()))
        self.count += 1
        due = request.begun + self.delay
        heapq.heappush(self.waiting, (due, self.count, connection, request, self.folder.answer(request)))

    def begin(self, connection, request, answer):
        head = f"HTTP/1.1 {answer.status} x\r\nContent-Length: {answer.length}\r\n{answer.head}\r\n".encode()
        if answer.status == 204:
            head = b"HTTP/1.1 204 x\r\n\r\n"
        has_body = request is None or request.method != "HEAD"
        connection.file = None
        if has_body and answer.file and answer.length <= INLINE_BYTES:
            descriptor, offset, length = answer.file
            head += os.pread(descriptor, length, offset)
        elif has_body and answer.file:
            connection.file = answer.file
        elif has_body:
            head += answer.body
        connection.head = head
        if request:
            down = answer.length if has_body else 0
            connection.note = [kind_of(request), request.begun, 0.0, down, len(request.body), answer.status, request.key]
        try:
            self.go_on(connection)
        except OSError:
            self.close(connection)

    def go_on(self, connection):
        try:
            connection.send()
        except BlockingIOError:
            self.poll.modify(connection.channel.fileno(), select.EPOLLIN | select.EPOLLOUT)
            connection.is_slow = True
            return
        if connection.is_slow:
            self.poll.modify(connection.channel.fileno(), select.EPOLLIN)
            connection.is_slow = False
        connection.busy = False
        if connection.note:
            connection.note[2] = time.monotonic()
            self.log.append(connection.note)
            connection.note = None
        self.next(connection)


if __name__ == "__main__":
    Server(os.path.abspath(sys.argv[1]), float(sys.argv[2])).serve()
