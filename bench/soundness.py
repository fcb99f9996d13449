# SPDX-License-Identifier: Apache-2.0
"""The bars that are not about speed: damage, crashes, hostile files, and how long the gate takes. Runs the programs of the test
suite in full measure and reads what they print."""

import json
import os
import signal
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLIPS, KILLS = 20_000, 500
SKIPPED = 77


def last_json(text):
    return next((json.loads(line) for line in reversed(text.splitlines()) if line.startswith("{")), None)


def run(name, command, **environment):
    """What the program printed as JSON, with `crashed` added; or why there is nothing."""
    if not os.path.exists(command[0]):
        return {"why": f"{command[0]} is not built"}
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)
    if done.returncode == SKIPPED:
        return {"why": done.stdout.strip()}
    out = last_json(done.stdout) or {}
    # A failed expectation is an exit code, and counted in the line; a signal is a crash.
    out["crashed"] = signal.Signals(-done.returncode).name if done.returncode < 0 else ""
    if not out["crashed"] and len(out) == 1:
        out = {"why": (done.stdout + done.stderr).strip()[-300:]}
    print(f"  {name}", json.dumps(out), flush=True)
    return out


def gate_minutes(build):
    """Minutes of the last full run of .ci/run, where it left them."""
    if (told := os.environ.get("VARVE_CI_MINUTES")) is not None:
        return float(told)
    try:
        return float(open(build + "/ci-minutes").read())
    except (OSError, ValueError):
        return None


def measure(wanted, build):
    """`wanted`: f11 to f14; `build`: a release build with the tests."""
    out = {}
    if "f11" in wanted:
        out["f11"] = run("flips", [build + "/tests/varve_bit_flip_test"], VARVE_BIT_FLIPS=str(FLIPS))
    if "f12" in wanted:
        out["f12"] = run("kills", [build + "/tests/varve_append_crash_test"], VARVE_KILLS=str(KILLS))
    if "f13" in wanted:
        out["f13"] = run("hostile files", [sys.executable, ROOT + "/tests/integration/hostile_files.py", build + "/varve"])
    if "f14" in wanted:
        minutes = gate_minutes(build)
        out["f14"] = {"why": "no recorded run of .ci/run"} if minutes is None else {"minutes": minutes}
    for name, x in out.items():
        if "why" in x:
            print(f"  !! {name} is not measured: {x['why']}", flush=True)
    return out
