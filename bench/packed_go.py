# SPDX-License-Identifier: Apache-2.0
"""W9: a packed set read from Go, through the C interface, beside the same by the C++ interface.

usage: packed_go.py BUILD [ROWS]     BUILD: of the preset bench, with the libraries of C; default: 200,000 rows

Prints one JSON object: the median milliseconds of each, and their ratio. Rounds of both alternate, so that what else the
machine does meets both; the first repetition of each is not counted. Fails where they do not read the same.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROUNDS, REPETITIONS = 5, 6


def times_of(command):
    lines = [line.split() for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]
    return [int(time) / 1e6 for time, _ in lines][1:], {sum for _, sum in lines}


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    rows = sys.argv[2] if len(sys.argv) > 2 else "200000"
    go = pathlib.Path(__file__).resolve().parent.parent / "go"
    with tempfile.TemporaryDirectory() as scratch:
        reader = scratch + "/packed_read"
        subprocess.run(["go", "build", "-o", reader, "./cmd/packed_read"], check=True, cwd=go,
                       env={**os.environ, "PKG_CONFIG_PATH": str(build / "pkgconfig")})
        native = build / "bench" / "native_packed_read"
        subprocess.run([native, "write", scratch + "/set", rows], check=True)
        commands = {"cpp": [native, "read", scratch + "/set", str(REPETITIONS)], "go": [reader, scratch + "/set", str(REPETITIONS)]}
        times, sums = {"cpp": [], "go": []}, set()
        for round in range(ROUNDS):
            for name in sorted(commands, reverse=round % 2 == 1):
                measured, read = times_of(commands[name])
                times[name] += measured
                sums |= read
    if len(sums) != 1:
        sys.exit(f"the two do not read the same: {sums}")
    medians = {name: statistics.median(measured) for name, measured in times.items()}
    print(json.dumps({"rows": int(rows), "cpp_ms": round_to(medians["cpp"]), "go_ms": round_to(medians["go"]),
                      "ratio": round_to(medians["go"] / medians["cpp"])}))


def round_to(value):
    return float(f"{value:.3f}")


if __name__ == "__main__":
    main()
