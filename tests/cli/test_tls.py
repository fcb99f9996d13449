# SPDX-License-Identifier: Apache-2.0
"""Certificates: a server on this machine that shows one, and authorities that are known or not."""

import http.server
import json
import shutil
import ssl
import subprocess
import threading

import pytest
from conftest import VARVE

EMPTY_LISTING = b'<?xml version="1.0"?><ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>'

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def authority(folder):
    folder.mkdir()
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=authority", "-days", 2,
            "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    return folder


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    folder = authority(tmp_path_factory.mktemp("tls") / "known")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout", folder / "key.pem", "-out", folder / "csr.pem")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", folder / "csr.pem", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial",
            "-days", 2, "-extfile", folder / "names", "-out", folder / "cert.pem")
    return folder


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = self.requests = 0
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    def finish_request(self, request, client_address):
        self.connections += 1
        try:
            with self.tls.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        except OSError:
            pass  # refused by the client


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(EMPTY_LISTING)))
        self.send_header("x-amz-bucket-region", "eu-west-1")
        self.end_headers()
        self.wfile.write(EMPTY_LISTING)

    def log_message(self, *words):
        pass


@pytest.fixture
def server(known):
    with Server(known) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def doctor(server, *options):
    words = [VARVE, "doctor", "s3://bucket/books", "--read-only", "--json"]
    for option in (f"endpoint=https://127.0.0.1:{server.server_address[1]}", "region=us-east-1", "access_key_id=key",
                   "secret_access_key=secret", *options):
        words += ["--storage-option", option]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    if "built without" in done.stderr or not done.stdout:
        pytest.skip(done.stderr)
    return {check["check"]: check for check in json.loads(done.stdout)["checks"]}


def test_a_known_authority_is_trusted_and_the_region_of_the_bucket_is_told(server, known):
    checks = doctor(server, f"ca_bundle={known / 'ca.pem'}")
    assert checks["reachable"]["outcome"] == "ok", checks
    assert server.requests >= 1
    assert checks["region"]["outcome"] == "warning" and "set region=eu-west-1" in checks["region"]["fix"]


def test_an_unknown_one_is_not_and_nobody_asks_again(server, tmp_path):
    other = authority(tmp_path / "other")
    for options in ([f"ca_bundle={other / 'ca.pem'}"], []):
        server.connections = 0
        checks = doctor(server, *options)
        assert checks["reachable"]["outcome"] == "bad" and "trusted" in checks["reachable"]["finding"], checks
        assert "ca_bundle" in checks["reachable"]["fix"]
        assert (server.connections, server.requests) == (1, 0)
