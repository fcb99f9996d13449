# SPDX-License-Identifier: Apache-2.0
"""Bar WP9: a packed set read from Go, through the C interface, beside the same by the C++ interface.

usage: packed_go.py BUILD [ROWS]     BUILD: of the preset bench, with the libraries of C; default: 200,000 rows

Prints the median milliseconds of each as JSON. Rounds of both alternate, so that what else the
machine does meets both; the first repetition of each is not counted. Fails where they do not read the same.
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

ROUNDS, REPETITIONS = 5, 6


def times_of(command):
    lines = [line.split() for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]
    return [int(time) / 1e6 for time, _ in lines][1:], {sum for _, sum in lines}


def measure(build, rows=200_000):
    """Milliseconds of each, C++ and Go."""
    build = pathlib.Path(build).resolve()
    go = pathlib.Path(__file__).resolve().parent.parent.parent / "go"
    with tempfile.TemporaryDirectory() as scratch:
        reader = scratch + "/packed_read"
        # As cmake/FindGo.cmake finds it.
        compiler = shutil.which("go", path=os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]) or "go"
        subprocess.run([compiler, "build", "-o", reader, "./cmd/packed_read"], check=True, cwd=go,
                       env={**os.environ, "PKG_CONFIG_PATH": str(build / "pkgconfig")})
        native = build / "bench" / "native_packed_read"
        subprocess.run([native, "write", scratch + "/set", str(rows)], check=True)
        commands = {"cpp": [native, "read", scratch + "/set", str(REPETITIONS)], "go": [reader, scratch + "/set", str(REPETITIONS)]}
        times, sums = {"cpp": [], "go": []}, set()
        for round in range(ROUNDS):
            for name in sorted(commands, reverse=round % 2 == 1):
                measured, read = times_of(commands[name])
                times[name] += measured
                sums |= read
    if len(sums) != 1:
        raise AssertionError(f"the two do not read the same: {sums}")
    return {name: statistics.median(measured) for name, measured in times.items()}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], *map(int, sys.argv[2:]))))
