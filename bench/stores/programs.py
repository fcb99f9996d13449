# SPDX-License-Identifier: Apache-2.0
"""The bars of object stores that tests decide: S1 to S4 and S11 to S13, and S10's throughput. Runs the programs in full measure, and
reads what they recorded."""

import json
import os
import sys
import tempfile
import xml.etree.ElementTree

from test_programs import ROOT, Case, execute, failed, gtest, total

WRITERS, COMMITS_EACH = 16, 125
POINTS, DIALECTS, RUNS = 6, 3, 500
PARTS = 8  # with begin and complete, before or after the server acts: 20 points
MEMORY_FOLDER = "/dev/shm"
ON_SERVER = [sys.executable, ROOT + "/tests/stores/servers.py", "versitygw", "--"]


def pytest(file, only, **environment):
    """As gtest, on VersityGW. `environment` has paths of programs, and numbers."""
    for path in (x for x in environment.values() if x.startswith("/") and not os.path.exists(x)):
        return [], f"{path} is not built"
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/out.xml"
        done, crashed = execute([*ON_SERVER, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", only,
                                 "--junitxml=" + path, f"{ROOT}/tests/stores/{file}"], **environment)
        if not os.path.exists(path):
            return [], crashed or (done.stdout + done.stderr).strip()[-300:]
        found = xml.etree.ElementTree.parse(path).getroot().iter("testcase")
        cases = [Case(x.get("name"), [y.get("message", "") for y in x if y.tag in ("failure", "error")],
                      {y.get("name"): int(y.get("value")) for y in x.iter("property")}) for x in found if x.find("skipped") is None]
    return cases, "" if cases else "no such tests"


def commits(build):
    cases, why = pytest("table_test.py", "many_writers", VARVE=build + "/varve", VARVE_TEST_WRITERS=str(WRITERS),
                        VARVE_TEST_APPENDS=str(COMMITS_EACH))
    return dict(why=why, asked=WRITERS * COMMITS_EACH, failed=failed(cases), **{k: total(cases, k) for k in ("commits", "rows", "distinct")})


def lost_answers(build):
    cases, why = gtest(build + "/tests/varve_commit_outcomes_test", VARVE_COMMIT_RUNS=str(RUNS))
    tables, why_not = gtest(build + "/tests/stores/proxy/varve_lost_answer_test")
    return dict(why=why or why_not, asked=POINTS * DIALECTS * RUNS, tables=len(tables), failed=failed(cases) + failed(tables),
                **{k: total(cases, k) for k in ("runs", "wrong", "unknown")})


def matrix(cases):
    """Of the program of the fault matrix: what is not about secrets."""
    cases = [x for x in cases if "SecretsTest" not in x.name]
    rows = [x for x in cases if "OneTryTells" in x.name]
    return dict(faults=len(rows), operations=max((x.get("cells", 0) for x in rows), default=0), cells=total(cases, "cells"),
                wrong=total(cases, "wrong"), failed=failed(cases), latest_ms=max((x.get("latest_ms", 0) for x in cases), default=None))


def secrets(cases, build):
    """Whoever told one: in the matrix, of each kind of credentials, on the command line."""
    command, why = pytest("table_test.py", "secrets", VARVE=build + "/varve")
    own = [x for x in cases if "SecretsTest" in x.name]
    told = sum("secret is told" in y or "CANARY" in y for x in cases if "SecretsTest" not in x.name for y in x.failures)
    return dict(why=why, kinds=len(own), cells=total(own, "cells") + total([x for x in cases if x not in own], "cells"),
                told=told + failed(own) + failed(command), commands=len(command))


def budget(build):
    cases, why = gtest(build + "/src/storage/varve_storage_test", "RetryingClientTest.RandomFailures*:RetryingClientTest.AnOutage*")
    x = {k: v for case in cases for k, v in case.items()}
    if not {"asked", "good", "sent", "budget", "retries"} <= set(x):
        return dict(why=why or "the tests recorded nothing")
    return dict(why=why, failed=failed(cases), success=100 * x["good"] / x["asked"], load=x["sent"] / x["asked"],
                outage=x["retries"] / x["budget"])


def many_reads(build):
    cases, why = gtest(build + "/src/storage/varve_many_reads_test")
    return dict(why=why, failed=failed(cases), **{k: total(cases, k) for k in ("reads", "faults", "threads", "kib")})


def uploads(build):
    cases, why = pytest("interrupted_upload_test.py", "test_", VARVE_UPLOAD_DRIVER=build + "/tests/stores/varve_upload_driver",
                        VARVE_TEST_PARTS=str(PARTS))
    kills = [x for x in cases if "after_a_kill" in x.name]
    return dict(why=why, points=len(kills), interrupted=len([x for x in cases if "[" in x.name]), failed=failed(cases))


def throughput(native, session):
    program = native + "/bench/store_throughput"
    if not os.path.exists(program):
        return dict(why=f"{program} is not built")
    right = session.right["scan_emb"]
    # In memory, or its disk decides.
    server_folder = {"TMPDIR": MEMORY_FOLDER} if os.path.isdir(MEMORY_FOLDER) else {}
    done, crashed = execute([*ON_SERVER, sys.executable, ROOT + "/bench/stores/throughput.py", program, "--json", "--source",
                             session.source, "--right", json.dumps(next(iter(right.values())))], **server_folder)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    why = "" if done.returncode == 0 else crashed or (done.stdout + done.stderr).strip()[-300:]
    return dict(why=why, **{x["what"]: x for x in lines})


def measure(wanted, build, native, session):
    """`wanted`: of s1 to s4 and s10 to s13; `build`: a release build with the tests; `session`: of W1, for s10."""
    simple = {"s1": commits, "s2": lost_answers, "s4": budget, "s11": many_reads, "s12": uploads}
    out = {}
    if wanted & {"s3", "s13"}:
        cases, why = gtest(build + "/src/storage/varve_fault_matrix_test", "-*Degrad*")
        if "s3" in wanted:
            out["s3"] = dict(why=why, **matrix(cases))
        if "s13" in wanted:
            out["s13"] = dict(why=why) if why else secrets(cases, build)
    for name in sorted(wanted & set(simple), key=lambda x: int(x[1:])):
        out[name] = simple[name](build)
    if "s10" in wanted:
        out["s10"] = throughput(native, session)
    for name, x in out.items():
        print(f"  {'!! ' if x['why'] else ''}{name}", json.dumps(x), flush=True)
    return out
