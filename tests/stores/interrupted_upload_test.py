# SPDX-License-Identifier: Apache-2.0
"""Multipart uploads that are interrupted at every step, on the S3 server that VARVE_TEST_STORE names (tests/stores/servers.py):
given up, they leave nothing; retried, only the step that failed is sent again; after SIGKILL, only what the server lacks."""

import os
import subprocess
import threading
import uuid

import pytest
from recording_proxy import DROP_ANSWER, FORWARD, RESET, running

STORE = os.environ["VARVE_TEST_STORE"]
SERVER = os.environ["AWS_ENDPOINT_URL"]
DRIVER = os.environ["VARVE_UPLOAD_DRIVER"]
PART_BYTES = 5 << 20
NUM_PARTS = int(os.environ.get("VARVE_TEST_PARTS", 4))
BYTES = (NUM_PARTS - 1) * PART_BYTES + 1
STEPS = ["begin", *(f"part {number + 1}" for number in range(NUM_PARTS)), "complete"]


def command(action, root, *words, endpoint=SERVER, **options):
    query = "&".join(f"{name}={value}" for name, value in {"part_bytes": PART_BYTES, "skip_probe": "true", **options}.items())
    return [DRIVER, action, f"{root}?{query}", *map(str, words)], {**os.environ, "AWS_ENDPOINT_URL": endpoint}


def drive(action, root, *words, **options):
    words, environment = command(action, root, *words, **options)
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300)


def check_is_written(root):
    done = drive("check", root, "object", BYTES)
    assert done.returncode == 0, done.stderr


def check_nothing_is_unfinished(root):
    done = drive("uploads", root, "object")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture
def root():
    return f"{STORE}/{uuid.uuid4().hex}"


@pytest.fixture(scope="module")
def proxy():
    with running(SERVER) as proxy:
        yield proxy


def once(step, action):
    """Does `action` to the first request of that step."""
    left = [action]

    def script(request, number):
        return left.pop() if request.step == step and left else FORWARD

    return script


@pytest.mark.parametrize("action", [RESET, DROP_ANSWER])
@pytest.mark.parametrize("step", STEPS)
def test_without_retries_it_is_aborted_and_leaves_nothing(proxy, root, step, action):
    proxy.restart(once(step, action))
    done = drive("write", root, "object", BYTES, endpoint=proxy.address, retry_attempts=0)
    is_settled = step == "complete" and action == DROP_ANSWER
    assert done.returncode == (0 if is_settled else 1), done.stderr
    check_nothing_is_unfinished(root)
    if is_settled:
        check_is_written(root)
    else:
        assert drive("check", root, "object", BYTES).returncode == 1


@pytest.mark.parametrize("action", [RESET, DROP_ANSWER])
@pytest.mark.parametrize("step", STEPS)
def test_with_retries_only_what_failed_is_sent_again(proxy, root, step, action):
    proxy.restart(once(step, action))
    done = drive("write", root, "object", BYTES, endpoint=proxy.address)
    assert done.returncode == 0, done.stderr
    sent = [each for each in proxy.steps() if each in STEPS]
    assert sorted(sent) == sorted([*STEPS, step])
    check_is_written(root)
    check_nothing_is_unfinished(root)


@pytest.mark.parametrize("action", [RESET, DROP_ANSWER])
@pytest.mark.parametrize("step", STEPS)
def test_after_a_kill_nothing_is_sent_that_the_server_has(proxy, root, step, action):
    """Killed when the server has carried that step out, or before it is asked to."""
    reached, killed = threading.Event(), threading.Event()
    lock = threading.Lock()

    def script(request, number):
        with lock:
            is_first = not reached.is_set()
            if request.step != step and is_first:
                return FORWARD
            reached.set()
        if is_first and action == DROP_ANSWER:
            return DROP_ANSWER
        killed.wait(100)
        return RESET

    proxy.restart(script)
    words, environment = command("write", root, "object", BYTES, endpoint=proxy.address, retry_attempts=0, timeout=100)
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        assert reached.wait(100)
        process.kill()
    killed.set()
    has = proxy.carried_out()

    proxy.restart()
    done = drive("resume", root, "object", BYTES, endpoint=proxy.address)
    if "complete" in has:
        assert done.returncode == 1 and "exists already" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        parts = [each for each in has + proxy.steps() if each.startswith("part ")]
        assert sorted(parts) == sorted(STEPS[1:-1])
    check_is_written(root)
    check_nothing_is_unfinished(root)


def test_others_can_be_listed_and_aborted(proxy, root):
    proxy.restart(lambda request, number: RESET if request.step in ("complete", "abort") else FORWARD)
    assert drive("write", root, "object", BYTES, endpoint=proxy.address, retry_attempts=0).returncode == 1
    listed = drive("uploads", root, "object")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["object"]
    assert drive("abort", root, "object").returncode == 0
    check_nothing_is_unfinished(root)
