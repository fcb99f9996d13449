#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command once for each object store named, against a server on this machine.

    .venv/bin/python tests/stores/servers.py versitygw azurite -- COMMAND...
    .venv/bin/python tests/stores/servers.py versitygw                        without a command: prints the environment, waits for Ctrl-C

Servers come from tools/stores.sh. Each gets a free port of 127.0.0.1, a folder of its own and one bucket, and is stopped
with the command, whatever becomes of that. The command finds

    VARVE_TEST_STORE        the address: s3://bucket; its credentials are in the environment, as users have them
    VARVE_TEST_STORE_NAME   which server that is
    VARVE_TEST_STORE_LACKS  what makes it unfit for commits: "", "put" or "put upload"

and, of every other store, nothing: variables that would point elsewhere are removed. Exit status: that of the first command
that failed; 77 if a server is not installed, with the reason; 1 if VARVE_REQUIRE_SERVERS names it, or is 1 for all.
"""

import contextlib
import ctypes
import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / ".servers" / "bin"
BUCKET = "varve-test"
KEY = "test-key"
SECRET = "test-secret-of-forty-characters-or-so"
AZURE_ACCOUNT = "devstoreaccount1"  # the only one that Azurite knows, with the key that is printed everywhere
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
READY_WITHIN_S = 60
STOPPED_WITHIN_S = 10
SKIPPED = 77
OTHERS = ("AWS_", "AZURE_", "GOOGLE_", "VARVE_TEST_STORE")


def s3_environment(port: int, key: str = KEY, secret: str = SECRET) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
    }


def make_s3_bucket(environment: dict[str, str]) -> None:
    from pyarrow import fs

    store = fs.S3FileSystem(
        access_key=environment["AWS_ACCESS_KEY_ID"],
        secret_key=environment["AWS_SECRET_ACCESS_KEY"],
        region=environment["AWS_REGION"],
        endpoint_override=environment["AWS_ENDPOINT_URL"],
        allow_bucket_creation=True,
    )
    store.create_dir(BUCKET)


def make_azure_container(environment: dict[str, str]) -> None:
    from pyarrow import fs

    host = environment["AZURE_STORAGE_ENDPOINT"].split("/")[2]
    store = fs.AzureFileSystem(AZURE_ACCOUNT, account_key=AZURE_KEY, blob_storage_authority=host, blob_storage_scheme="http",
                               dfs_storage_authority=host, dfs_storage_scheme="http")
    store.create_dir(BUCKET)


def make_gcs_bucket(environment: dict[str, str]) -> None:
    request = urllib.request.Request(f"{environment['GOOGLE_ENDPOINT']}/storage/v1/b?project=test",
                                     json.dumps({"name": BUCKET}).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()


def nothing(environment: dict[str, str]) -> None:
    """The server has made its bucket at its start."""


@dataclasses.dataclass(frozen=True)
class Server:
    program: str
    arguments: Callable[[int, str], list[str]]  # of port and folder
    environment: Callable[[int], dict[str, str]]  # of the clients
    make_bucket: Callable[[dict[str, str]], None] = make_s3_bucket
    settings: dict[str, str] = dataclasses.field(default_factory=dict)  # environment of the server
    scheme: str = "s3"
    lacks: str = ""


SERVERS = {
    "versitygw": Server(
        "versitygw",
        lambda port, folder: ["--port", f"127.0.0.1:{port}", "--quiet", "posix", folder],
        s3_environment,
        settings={"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET},
    ),
    "minio": Server(
        "minio",
        lambda port, folder: ["server", "--address", f"127.0.0.1:{port}", "--quiet", folder],
        s3_environment,
        settings={"MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET, "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"},
    ),
    "azurite": Server(
        "azurite-blob",
        lambda port, folder: ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", folder, "--silent",
                              "--disableTelemetry", "--skipApiVersionCheck"],
        lambda port: {
            "AZURE_STORAGE_ENDPOINT": f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}",
            "AZURE_STORAGE_ACCOUNT_NAME": AZURE_ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY,
        },
        make_azure_container,
        scheme="az",
    ),
    "fakegcs": Server(
        "fake-gcs-server",
        lambda port, folder: ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory",
                              "-public-host", f"127.0.0.1:{port}"],
        lambda port: {"GOOGLE_ENDPOINT": f"http://127.0.0.1:{port}", "GOOGLE_SKIP_SIGNATURE": "true"},
        make_gcs_bucket,
        scheme="gs",
    ),
    "gofakes3": Server(
        "gofakes3",
        lambda port, folder: ["-backend", "memory", "-host", f"127.0.0.1:{port}", "-initialbucket", BUCKET],
        s3_environment,
        nothing,
        lacks="upload",
    ),
    "s3rver": Server(
        "s3rver",
        lambda port, folder: ["-d", folder, "-a", "127.0.0.1", "-p", str(port), "--configure-bucket", BUCKET],
        lambda port: s3_environment(port, "S3RVER", "S3RVER"),
        nothing,
        lacks="put upload",
    ),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_with_parent() -> None:
    """A server must not outlive a runner that was killed. Signals of the terminal are the runner's to handle."""
    os.setsid()
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def wait_until_ready(process: subprocess.Popen, port: int) -> bool:
    """Whether it listens; not, if it ended, as one does whose port was taken meanwhile."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.02)  # between two looks
    return False


def stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def running(name: str) -> Iterator[dict[str, str]]:
    """The server, ready and with a bucket; what its clients need in their environment."""
    server = SERVERS[name]
    with tempfile.TemporaryDirectory(prefix=f"varve-{name}-") as folder:
        log = pathlib.Path(folder) / "log"
        data = pathlib.Path(folder) / "data"
        data.mkdir()
        for attempt in range(3):
            port = free_port()
            with log.open("wb") as out:
                process = subprocess.Popen(
                    [str(PROGRAMS / server.program), *server.arguments(port, str(data))], cwd=folder, stdin=subprocess.DEVNULL,
                    stdout=out, stderr=out, env={**os.environ, **server.settings}, preexec_fn=end_with_parent)
            try:
                if not wait_until_ready(process, port):
                    continue
                environment = server.environment(port)
                make_bucket(server, environment)
                yield {
                    **environment,
                    "VARVE_TEST_STORE": f"{server.scheme}://{BUCKET}",
                    "VARVE_TEST_STORE_NAME": name,
                    "VARVE_TEST_STORE_LACKS": server.lacks,
                }
                return
            finally:
                stop(process)
        raise SystemExit(f"servers: {name} does not start:\n{log.read_text(errors='replace')[-4000:]}")


def make_bucket(server: Server, environment: dict[str, str]) -> None:
    """Some servers listen before they serve."""
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            return server.make_bucket(environment)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)  # between two tries


def run(name: str, command: list[str]) -> int:
    if not (PROGRAMS / SERVERS[name].program).exists():
        wanted = os.environ.get("VARVE_REQUIRE_SERVERS", "").split()
        required = name in wanted or "1" in wanted
        print(f"servers: {'FAILED' if required else 'SKIPPED'} {name}: it is not installed; tools/stores.sh {name} does that", flush=True)
        return 1 if required else SKIPPED
    clean = {key: value for key, value in os.environ.items() if not key.startswith(OTHERS)}
    with running(name) as environment:
        if command:
            return subprocess.run(command, env={**clean, **environment}).returncode
        for key, value in environment.items():
            print(f"export {key}='{value}'", flush=True)
        signal.pause()
    return 0


def main() -> int:
    arguments = sys.argv[1:]
    split = arguments.index("--") if "--" in arguments else len(arguments)
    names, command = arguments[:split], arguments[split + 1 :]
    unknown = [name for name in names if name not in SERVERS]
    if not names or unknown or (len(names) > 1 and not command):
        print(__doc__, *(f"unknown server: {name}" for name in unknown), f"Servers: {', '.join(SERVERS)}", sep="\n", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # also where a shell has them ignored
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    results = [run(name, command) for name in names]
    return next((result for result in results if result not in (0, SKIPPED)), max(results))


if __name__ == "__main__":
    sys.exit(main())
