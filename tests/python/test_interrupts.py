# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C inside one long call: a process of its own does the work, and gets SIGINT once it is in there."""

import signal
import subprocess
import sys
import textwrap

import pytest

# Rows on which every call of this page takes seconds: longer than a busy machine takes to send a signal.
PREPARE = """
    import os, sys, threading
    import numpy as np
    import pyarrow as pa
    import varve

    ROWS = 400_000
    ids = np.arange(ROWS)
    texts = pa.array([f"row {i * 2654435761 % ROWS} of many" for i in range(ROWS)])
    table = varve.create("table", {"id": ids, "text": texts}, sync=False)
    # Nothing but work: no row matches, and every row is looked at for each condition.
    many = " OR ".join(f"text LIKE '%no{i}x%'" for i in range(2000))
"""

RUN = """
    # This thread can print only when the main thread gives the interpreter lock away, which is where C++ begins.
    sys.setswitchinterval(1000)
    go = threading.Event()

    def announce():
        go.wait()
        os.write(1, b"inside\\n")

    threading.Thread(target=announce, daemon=True).start()
    try:
        go.set()
        {call}
        print("finished")
    except KeyboardInterrupt:
        print("interrupted", table.version, len(table), len(os.listdir("table/data")))
        assert table.take([7], columns=["id"]).to_numpy("id")[0] == 7  # the table goes on
"""


@pytest.mark.parametrize("call", [
    "table.count(many)",
    "table.scan(filter=many).to_arrow()",
    "table.scan(filter=many).to_numpy('id')",
    "table.scan(filter=many).to_polars()",
    "list(table.scan(filter=many))",
    "table.append(table.scan(filter=many))",
])
def test_a_long_read_stops(call, tmp_path):
    assert interrupted(call, tmp_path) == "interrupted 1 400000 1"


def test_a_long_take_stops(tmp_path):
    prepare = "rows = np.resize(np.random.default_rng(3).permutation(ROWS), 16_000_000)"
    assert interrupted("table.take(rows)", tmp_path, prepare) == "interrupted 1 400000 1"


def test_a_long_append_of_one_batch_stops_and_leaves_nothing(tmp_path):
    prepare = """batch = pa.record_batch({"id": np.random.default_rng(3).permutation(8_000_000),
                                          "text": pa.array(["some text"] * 8_000_000)})"""
    assert interrupted("table.append(batch)", tmp_path, prepare) == "interrupted 1 400000 1"


def test_a_consumer_that_pulls_a_scan_stops_with_an_error_of_its_own(tmp_path):
    call = """
        try:
            pa.table(table.scan(filter=many))
        except pa.ArrowException as error:
            assert "interrupted" in str(error)
            raise KeyboardInterrupt"""
    assert interrupted(call, tmp_path) == "interrupted 1 400000 1"


def interrupted(call, folder, prepare=""):
    """What a process says that gets SIGINT in the middle of `call`."""
    program = "\n".join([textwrap.dedent(PREPARE), textwrap.dedent(prepare),
                         textwrap.dedent(RUN).replace("{call}", textwrap.indent(textwrap.dedent(call), "    ").strip())])
    with subprocess.Popen([sys.executable, "-c", program], cwd=folder, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == "inside\n", process.stderr.read()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        return out.strip()
