# SPDX-License-Identifier: Apache-2.0
"""Runs programs of the test suite, and reads what their tests recorded."""

import json
import os
import signal
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def execute(command, **environment):
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)
    crashed = signal.Signals(-done.returncode).name if done.returncode < 0 else ""
    return done, crashed


class Case(dict):
    """What a test recorded. `name`: of suite and test; `failures`: messages."""

    def __init__(self, name, failures, recorded):
        super().__init__(recorded)
        self.name, self.failures = name, failures


def gtest(program, filter="*", **environment):
    """(cases, why there are none or not all)"""
    if not os.path.exists(program):
        return [], f"{program} is not built"
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/out.json"
        done, crashed = execute([program, "--gtest_filter=" + filter, "--gtest_output=json:" + path], **environment)
        if not os.path.exists(path):
            return [], f"{os.path.basename(program)}: {crashed or (done.stdout + done.stderr).strip()[-300:]}"
        with open(path) as f:
            suites = json.load(f)["testsuites"]
    cases = [Case(f"{s['name']}.{t['name']}", [x["failure"] for x in t.get("failures", [])],
                  {k: int(v) for k, v in t.items() if isinstance(v, str) and v.lstrip("-").isdigit()})
             for s in suites for t in s["testsuite"] if t["result"] == "COMPLETED"]
    return cases, "" if cases else "no such tests"


def failed(cases):
    return sum(bool(x.failures) for x in cases)


def total(cases, key):
    return sum(x.get(key, 0) for x in cases)
