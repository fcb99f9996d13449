# SPDX-License-Identifier: Apache-2.0
"""Copies from store to store that are killed, on the S3 server that VARVE_TEST_STORE names (tests/stores/servers.py): the same
command again brings all that is missing, and sends nothing that had arrived."""

import json
import os
import subprocess
import threading
import uuid

import numpy as np
import pytest
from pyarrow import fs
from recording_proxy import FORWARD, RESET, running

STORE = os.environ["VARVE_TEST_STORE"]
SERVER = os.environ["AWS_ENDPOINT_URL"]
VARVE = os.environ["VARVE"]
PART_BYTES = 5 << 20
NUM_SMALL = 4
NUM_OBJECTS = 2 * (NUM_SMALL + 1)  # a file and a version of each import
PARALLEL = 2


def run(*words, code=0):
    done = subprocess.run([VARVE, *map(str, words)], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, f"exit {done.returncode}, expected {code}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def server():
    """Neither through the proxy, nor by our own client."""
    return fs.S3FileSystem(access_key=os.environ["AWS_ACCESS_KEY_ID"], secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
                           region=os.environ["AWS_REGION"], endpoint_override=SERVER)


@pytest.fixture(scope="module")
def objects(server):
    """Of an address, every object below it with its bytes."""

    def read(address, with_bytes=True):
        folder = address.removeprefix("s3://")
        found = server.get_file_info(fs.FileSelector(folder, recursive=True, allow_not_found=True))
        return {each.path.removeprefix(folder + "/"): server.open_input_file(each.path).read() if with_bytes else None
                for each in found if each.is_file}

    return read


@pytest.fixture(scope="module")
def table(tmp_path_factory, objects):
    """Small files, and one that is sent in parts."""
    address = f"{STORE}/{uuid.uuid4().hex}/books"
    folder = tmp_path_factory.mktemp("rows")
    random = np.random.default_rng(20261127)
    for number in range(NUM_SMALL + 1):
        np.save(folder / f"{number}.npy", random.standard_normal((2600 if number == 1 else 10, 1024), dtype=np.float32))
        run("import", address, folder / f"{number}.npy", "--split", "one")
    found = objects(address)
    assert len(found) == NUM_OBJECTS and max(map(len, found.values())) > 2 * PART_BYTES
    return address


@pytest.fixture(scope="module")
def proxy():
    with running(SERVER) as proxy:
        yield proxy


def copy(source, target, proxy, *words):
    return [VARVE, "cp", source, target, *words, "--json", "--parallel", str(PARALLEL), "--target-option", f"endpoint={proxy.address}",
            "--target-option", f"part_bytes={PART_BYTES}",
            "--target-option", "skip_probe=true"]


def is_write(request):
    return request.method in ("PUT", "POST")


def writes_to(proxy, target):
    """Each write that the proxy was asked for: (object, step)."""
    prefix = "/" + target.removeprefix("s3://") + "/"
    return [(request.path.removeprefix(prefix), request.step) for request in list(proxy.requests) if is_write(request)]


def kill_copy(source, target, proxy, is_time, *words):
    """Kills it at the first write for which `is_time`: that one, and those after it, do not arrive."""
    reached, killed = threading.Event(), threading.Event()
    lock = threading.Lock()

    def script(request, number):
        if not is_write(request):
            return FORWARD
        with lock:
            if not reached.is_set() and not is_time(request):
                return FORWARD
            reached.set()
        killed.wait(100)
        return RESET

    proxy.restart(script)
    with subprocess.Popen(copy(source, target, proxy, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        assert reached.wait(100)
        process.kill()
    assert process.returncode == -9
    killed.set()
    return proxy.carried_out()


def check_the_rest_arrives(source, target, proxy, objects):
    there = objects(target)
    proxy.restart()
    done = subprocess.run(copy(source, target, proxy), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    whole = objects(source)
    assert objects(target) == whole
    assert report["objects_present"] == len(there) and report["objects"] == len(whole) - len(there)
    assert report["bytes_present"] == sum(map(len, there.values()))
    assert {path for path, _ in writes_to(proxy, target)} == whole.keys() - there.keys()
    run("verify", target, "--deep")
    assert run("query", target, "--count", "--json") == run("query", source, "--count", "--json")
    assert run("take", target, 0, 2609, 2639, 9, "--json") == run("take", source, 0, 2609, 2639, 9, "--json")


@pytest.mark.parametrize("arrived", range(NUM_OBJECTS - PARALLEL + 1))
def test_killed_when_so_many_objects_have_arrived(proxy, table, objects, arrived):
    target = f"{STORE}/{uuid.uuid4().hex}/copy"
    kill_copy(table, target, proxy, lambda request: len(objects(target, with_bytes=False)) >= arrived)
    there = objects(target)
    assert arrived <= len(there) < NUM_OBJECTS
    whole = objects(table)
    assert all(whole[path] == content for path, content in there.items())
    if not any(path.startswith("_versions/") for path in there):
        run("info", target, code=4)  # no table without its versions
    check_the_rest_arrives(table, target, proxy, objects)


@pytest.mark.parametrize("step", ["part 1", "part 2", "part 3", "complete"])
def test_killed_within_a_long_object(proxy, table, objects, step):
    target = f"{STORE}/{uuid.uuid4().hex}/copy"
    before = kill_copy(table, target, proxy, lambda request: request.step == step)
    assert "begin" in before and "complete" not in before
    check_the_rest_arrives(table, target, proxy, objects)
    parts = [each for each in before + [step for _, step in writes_to(proxy, target)] if each.startswith("part ")]
    assert sorted(parts) == ["part 1", "part 2", "part 3"]  # each once, in both runs together


@pytest.mark.parametrize("step", ["begin", "part 2", "complete"])
def test_killed_while_it_overwrites(proxy, table, objects, server, step):
    """Each object is the old one or the new one, never a part of either; the same command again brings the new ones."""
    source = f"{table}/data"  # the versions of a table are never replaced
    whole = objects(source)
    target = f"{STORE}/{uuid.uuid4().hex}/copy"
    old = {path: f"old {path}".encode() for path in whole}
    for path, content in old.items():
        with server.open_output_stream(f"{target.removeprefix('s3://')}/{path}") as out:
            out.write(content)
    kill_copy(source, target, proxy, lambda request: request.step == step, "--overwrite")
    there = objects(target)
    assert there.keys() == whole.keys()
    assert all(there[path] in (old[path], whole[path]) for path in there)
    longest = max(whole, key=lambda path: len(whole[path]))
    assert there[longest] == old[longest]
    proxy.restart()
    done = subprocess.run(copy(source, target, proxy, "--overwrite"), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert objects(target) == whole
