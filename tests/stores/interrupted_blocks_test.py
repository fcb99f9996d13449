# SPDX-License-Identifier: Apache-2.0
"""Long objects in Azure's dialect, whose upload is interrupted at each block: the block alone is sent again. On the server that
VARVE_TEST_STORE names (tests/stores/servers.py)."""

import os
import subprocess
import uuid

import pytest
from recording_proxy import DROP_ANSWER, FORWARD, RESET, running

STORE = os.environ["VARVE_TEST_STORE"]
SERVER = os.environ["AZURE_STORAGE_ENDPOINT"]
DRIVER = os.environ["VARVE_UPLOAD_DRIVER"]
PART_BYTES = 5 << 20
NUM_BLOCKS = 3
BYTES = (NUM_BLOCKS - 1) * PART_BYTES + 1


@pytest.fixture(scope="module")
def proxy():
    with running(SERVER) as proxy:
        yield proxy


def drive(action, root, endpoint=SERVER, **options):
    query = "&".join(f"{name}={value}" for name, value in {"part_bytes": PART_BYTES, "skip_probe": "true", **options}.items())
    return subprocess.run([DRIVER, action, f"{root}?{query}", "object", str(BYTES)], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "AZURE_STORAGE_ENDPOINT": endpoint})


def is_block(request):
    return request.method == "PUT" and request.query.get("comp") == "block"


def interrupt(proxy, place, action):
    """Does `action` to the block that comes in that place."""
    blocks = iter(range(1000))

    def script(request, number):
        return action if is_block(request) and next(blocks) == place else FORWARD

    proxy.restart(script)


@pytest.mark.parametrize("action", [RESET, DROP_ANSWER])
@pytest.mark.parametrize("place", range(NUM_BLOCKS))
def test_a_block_that_failed_is_sent_again_alone(proxy, place, action):
    root = f"{STORE}/{uuid.uuid4().hex}"
    interrupt(proxy, place, action)
    done = drive("write", root, proxy.address + SERVER[SERVER.index("/", 8):])
    assert done.returncode == 0, done.stderr
    sent = [request.query["blockid"] for request in proxy.requests if is_block(request)]
    assert len(sent) == NUM_BLOCKS + 1 and len(set(sent)) == NUM_BLOCKS
    assert drive("check", root).returncode == 0


def test_without_retries_a_block_that_failed_fails_the_upload(proxy):
    root = f"{STORE}/{uuid.uuid4().hex}"
    interrupt(proxy, 1, RESET)
    assert drive("write", root, proxy.address + SERVER[SERVER.index("/", 8):], retry_attempts=0).returncode == 1
    assert drive("check", root).returncode == 1
