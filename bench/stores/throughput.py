# SPDX-License-Identifier: Apache-2.0
"""Bar S10: how fast objects go to an S3 server on this machine and come back, beside a raw multipart upload and raw ranged reads
with as many requests at once. Rounds alternate; the medians are compared.

    cmake --preset bench && ninja -C build-bench store_throughput
    .venv/bin/python tests/stores/servers.py versitygw -- .venv/bin/python bench/stores/throughput.py build-bench/bench/store_throughput
"""

import argparse
import json
import os
import statistics
import subprocess
import time

from raw_s3 import RawS3

PART_BYTES = 8 << 20
BAR = 0.8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--mebibytes", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    size = arguments.mebibytes << 20
    store = os.environ["VARVE_TEST_STORE"]
    bucket = store.removeprefix("s3://")
    data = memoryview(bytearray(os.urandom(size)))
    uploader, reader = RawS3(4), RawS3(8)

    def ours(action: str, *words: str) -> float:
        options = f"part_bytes={PART_BYTES}&max_in_flight=8"
        done = subprocess.run([arguments.program, action, f"{store}?{options}", *words], check=True, capture_output=True, text=True)
        return float(done.stdout)

    def timed(call, *words) -> float:
        begin = time.perf_counter()
        call(*words)
        return time.perf_counter() - begin

    seconds: dict[str, list[float]] = {"upload": [], "raw upload": [], "read": [], "raw read": []}
    for number in range(arguments.rounds):
        key = f"/{bucket}/raw-{number}"
        seconds["upload"].append(ours("upload", f"ours-{number}", str(size)))
        seconds["raw upload"].append(timed(uploader.upload, key, data, PART_BYTES))
        seconds["read"].append(ours("read", f"ours-{number}", str(size), str(PART_BYTES)))
        seconds["raw read"].append(timed(reader.read, key, data, PART_BYTES))
    speed = {name: size / statistics.median(each) / 1e6 for name, each in seconds.items()}
    for action in ("upload", "read"):
        ratio = speed[action] / speed[f"raw {action}"]
        verdict = "met" if ratio >= BAR else "missed"
        if arguments.json:
            print(json.dumps({"bar": "S10", "what": action, "ours": speed[action], "raw": speed[f"raw {action}"], "ratio": ratio,
                              "seconds": seconds[action], "raw_seconds": seconds[f"raw {action}"]}))
        else:
            print(f"S10 {action}: {speed[action]:.0f} MB/s, raw {speed[f'raw {action}']:.0f} MB/s, {ratio:.2f}x, bar {BAR}x: {verdict}")


if __name__ == "__main__":
    main()
