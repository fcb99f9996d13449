# SPDX-License-Identifier: Apache-2.0
"""Credentials under injected faults, on the S3 server that VARVE_TEST_STORE names (tests/stores/servers.py), one that takes any:
whatever answers the command gets to its uploads, its manifests and its reads, it tells none of them in any form."""

import base64
import os
import subprocess
import urllib.parse
import uuid

import numpy as np
import pytest
from recording_proxy import FORWARD, RESET, TRUNCATE, Echo, running

STORE = os.environ["VARVE_TEST_STORE"]
VARVE = os.environ["VARVE"]
# The id of a key is no secret: services name it in their errors, where it helps to find the wrong key.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "KEYID7F3A", "AWS_SECRET_ACCESS_KEY": "CANARY/secret+7f3a",
               "AWS_SESSION_TOKEN": "CANARY-session/77+=="}
# Probing would find what this server cannot do; nobody else writes here.
OPTIONS = [word for option in ("retry_attempts=1", "deadline=60s", "skip_probe=true", f"part_bytes={5 << 20}")
           for word in ("--storage-option", option)]
FAULTS = {"echo 400": Echo(400), "echo 403": Echo(403), "echo 404": Echo(404), "echo 500": Echo(500), "echo 503": Echo(503),
          "echo 200": Echo(200), "truncated": TRUNCATE, "reset": RESET}


def forms_of(secret):
    """Of a secret, how it may look in an address, a header, a document and a dump."""
    encoded = secret.encode()
    texts = {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret), urllib.parse.quote(secret),
             base64.b64encode(encoded).decode().rstrip("="), base64.urlsafe_b64encode(encoded).decode().rstrip("="), encoded.hex()}
    return {form.lower() for text in texts for form in (text, text[::-1], text.replace("/", "\\/"))}


FORMS = {form for name, secret in CREDENTIALS.items() if name != "AWS_ACCESS_KEY_ID" for form in forms_of(secret)}


def run(*words, endpoint=None):
    environment = {**os.environ, **CREDENTIALS, **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {})}
    return subprocess.run([VARVE, *map(str, words), *OPTIONS], capture_output=True, text=True, timeout=300, env=environment)


def is_upload(request):
    return request.method in ("PUT", "POST") and "/data/" in request.path


def is_manifest(request):
    return "/_versions/" in request.path


def is_manifest_written(request):
    return request.method == "PUT" and is_manifest(request)


def is_listing(request):
    return "list-type" in request.query or "uploads" in request.query


def is_read(request):
    return request.method in ("GET", "HEAD") and "/data/" in request.path


# What a command asks for, and the requests of which none is answered well.
CASES = {
    "import, uploads": (is_upload, ("import", "{new}", "{rows}")),
    "import, manifests": (is_manifest, ("import", "{new}", "{rows}")),
    "append, its manifest": (is_manifest_written, ("import", "{copy}", "{rows}")),
    "create, manifests": (is_manifest, ("create", "{new}", "--field", "id:Int64")),
    "cp to it, uploads": (is_upload, ("cp", "{books}", "{new}")),
    "cp from it, listings": (is_listing, ("cp", "{books}", "{folder}/copy")),
    "cp from it, reads": (is_read, ("cp", "{books}", "{folder}/copy")),
    "head, manifests": (is_manifest, ("head", "{books}")),
    "head, listings": (is_listing, ("head", "{books}")),
    "head, reads": (is_read, ("head", "{books}")),
    "take, reads": (is_read, ("take", "{books}", 5, 17, 5)),
    "query, reads": (is_read, ("query", "{books}", "--filter", "label = 7")),
    "export, reads": (is_read, ("export", "{books}", "{folder}/rows.jsonl", "--force")),
    "history, manifests": (is_manifest, ("history", "{books}")),
    "verify, reads": (is_read, ("verify", "{books}", "--deep")),
    "stats, reads": (is_read, ("stats", "{books}")),
    "doctor, listings": (is_listing, ("doctor", "{books}")),
    "doctor, all": (lambda request: True, ("doctor", "{books}")),
}


@pytest.fixture(scope="module")
def proxy():
    with running(os.environ["AWS_ENDPOINT_URL"]) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secrets")
    rows = folder / "rows.npy"
    np.save(rows, np.arange(2600 * 1024, dtype=np.float32).reshape(2600, 1024))  # sent in parts
    root = f"{STORE}/{uuid.uuid4().hex}"
    for words in (("quickstart", f"{root}/books"), ("import", f"{root}/copy", rows)):
        done = run(*words)  # what fails below, fails of the faults
        assert done.returncode == 0, done.stderr
    return {"folder": folder, "rows": rows, "books": f"{root}/books", "copy": f"{root}/copy"}


# A commit that is not answered is asked about for a minute; what ends it at once is enough here.
SLOW = {"append, its manifest": {"echo 403", "truncated"}}


@pytest.mark.parametrize("case, fault", [(case, fault) for case in CASES for fault in FAULTS if fault in SLOW.get(case, FAULTS)])
def test_no_output_tells_a_credential(proxy, places, case, fault):
    meets, words = CASES[case]
    for form in ((), ("--json",)):
        met = []

        def script(request, number, met=met):
            if not meets(request):
                return FORWARD
            met.append(request)
            return FAULTS[fault]

        proxy.restart(script)
        new = f"{STORE}/{uuid.uuid4().hex}/new"
        given = [str(word).format(new=new, **places) for word in words]
        done = run(*given, *form, "--metrics", endpoint=proxy.address)
        proxy.restart()
        assert met, "the fault was never met"
        told = (done.stdout + done.stderr).lower()
        found = [each for each in FORMS if each in told]
        assert not found, f"{found} in\n{done.stdout}\n{done.stderr}"
        assert done.returncode != 0 or fault in ("truncated", "echo 404", "echo 200") or "doctor" in case, (fault, done.stdout)


def test_the_session_is_sent_and_masked(proxy, places):
    """What the others look for is in the answers."""
    met = []

    def script(request, number):
        met.append(request)
        return Echo(403)

    proxy.restart(script)
    done = run("head", places["books"], endpoint=proxy.address)
    proxy.restart()
    assert met and done.returncode == 1, done.stderr
    # The answer is repeated, with all headers; of the session only its place is left.
    assert "x-amz-security-token: ***" in done.stderr, done.stderr
