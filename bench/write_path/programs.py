# SPDX-License-Identifier: Apache-2.0
"""The bars of the write path of Milvus' formats, WP1 to WP9: what tests decide, in full measure, and three programs for speed."""

import os
import sys

from test_programs import execute, failed, gtest, total

from . import decode, packed_go, sync_task

KILLS = 500
FLIPS = 20_000


def tested(*runs, **environment):
    """Of (program, filter) each: how many tests, how many of them failed, and the sums of what they recorded."""
    out = dict(why="", tests=0, failed=0)
    for program, only in runs:
        cases, why = gtest(program, only, **environment)
        if why:
            return dict(why=why)
        out["tests"] += len(cases)
        out["failed"] += failed(cases)
        for key in {key for case in cases for key in case}:
            out[key] = out.get(key, 0) + total(cases, key)
    return out


def read_by_others(script, writer):
    """A script of the test suite, which counts as one more test, on what `writer` writes."""
    if not os.path.exists(writer):
        return dict(why=f"{writer} is not built")
    done, crashed = execute([sys.executable, script, writer])
    if done.returncode:  # what it found is for a person to see
        print((crashed or done.stdout + done.stderr).strip()[-300:], flush=True)
    return dict(why="", tests=1, failed=int(done.returncode != 0))


def together(*outcomes):
    """Outcomes of tests as one: what keeps one from telling keeps all."""
    for outcome in outcomes:
        if outcome["why"]:
            return outcome
    return {key: sum(outcome.get(key, 0) for outcome in outcomes) if key != "why" else "" for outcome in outcomes for key in outcome}


def speed(program, measure):
    if not os.path.exists(program):
        return dict(why=f"{program} is not built")
    try:
        return dict(why="", **measure(program))
    except Exception as error:  # whatever it is, the other bars are measured
        return dict(why=str(error)[-300:])


def measure(wanted, build, native):
    """`wanted`: of wp1 to wp9; `build`: a release build with the tests; `native`: one with the benchmarks."""
    binlog, packed, segment = (f"{build}/src/{layer}" for layer in ("binlog", "packed", "segment"))
    runs = {
        "wp1": lambda: tested((binlog + "/varve_milvus_segment_test", "*"), (f"{build}/src/milvus/varve_milvus_backup_test", "*")),
        "wp2": lambda: tested((segment + "/varve_packed_rows_test", "StorageRoundTripTest.*")),
        "wp3": lambda: together(tested((packed + "/varve_milvus_packed_test", "*")),
                                read_by_others("tests/compat/milvus_packed_readers_test.py", f"{build}/tests/compat/varve_write_milvus_set")),
        "wp4": lambda: tested((binlog + "/varve_binlog_test", "BloomFilterTest.*")),
        "wp5": lambda: together(tested((binlog + "/varve_binlog_test", "*Truncation*:*Flip*:*Damage*"),
                                       (binlog + "/varve_statistics_damage_test", "*"), VARVE_BIT_FLIPS=str(FLIPS)),
                                tested((packed + "/varve_milvus_packed_test", "*Damage*"), VARVE_BIT_FLIPS=str(FLIPS))),
        "wp6": lambda: tested((build + "/tests/varve_sync_crash_test", "*"), VARVE_KILLS=str(KILLS)),
        "wp7": lambda: speed(native + "/bench/binlog_decode", lambda program: decode.measure(program, decode.ROWS, rounds=3)),
        "wp8": lambda: speed(native + "/bench/sync_task", sync_task.measure),
        "wp9": lambda: speed(native + "/bench/native_packed_read", lambda program: packed_go.measure(native)),
    }
    out = {}
    for name in sorted(wanted & set(runs)):
        out[name] = runs[name]()
        print(f"  {name}", out[name], flush=True)
    return out
