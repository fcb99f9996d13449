# SPDX-License-Identifier: Apache-2.0
"""Requests, bytes and chains of each system on an S3 that answers after 50 ms (counting_s3.py). bench/run.py calls measure().

A run is one fresh process that opens the table and does one step after another; later steps may use what earlier ones cached. `chain`
is the largest number of requests that ran strictly one after another. It counts what waits for its turn, too: how many depend on each
other is counted in runs of Varve's with two seconds for an answer and no limit of requests under way.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.dirname(HERE))
sys.path.append(HERE)
import workload  # noqa: E402

DELAY_S, COUNTING_DELAY_S = 0.05, 2.0
APPENDS = 1000
TIMEOUT_S = 240
READS = ["take1+0", "take1+1", "take100+2", "take1000+3", "scan_scalars", "filter_label", "filter_ts", "scan_emb"]


class Variant(NamedTuple):
    peer: str
    steps: list
    options: dict = {}
    delay: float = DELAY_S
    is_timed: bool = False  # in every round, in rotating order
    after_appends: bool = False
    bars: tuple = ()  # that need it; none: all


UNLIMITED = {"max_in_flight": "4096", "skip_probe": "true"}
VARIANTS = {
    "varve": Variant("varve", READS + ["append_first", "append"], is_timed=True),
    "lance": Variant("lance", READS + ["append_first", "append"], is_timed=True),
    "vortex": Variant("vortex", READS, is_timed=True),
    "varve, dependent": Variant("varve", [s for s in READS if s != "scan_emb"] + ["append"], UNLIMITED, COUNTING_DELAY_S),
    "varve, not verified": Variant("varve", READS, {"verify": False}, bars=("s6",)),
    "varve, checksums cached": Variant("varve", ["scan_emb", "take100+2", "take1000+3"], bars=("s6",)),
    "varve, after 1,000 appends": Variant("varve", ["take1+0"], after_appends=True, bars=("s5",)),
    # In processes of their own: nothing is cached but what the opening reads.
    **{f"varve, {step.partition('+')[0]} alone": Variant("varve", [step], UNLIMITED, COUNTING_DELAY_S, bars=(bar,))
       for step, bar in (("take100+2", "s6"), ("take1000+3", "s6"), ("filter_label", "s7"), ("filter_ts", "s7"), ("scan_scalars", "s8"))},
}


def chain(log):
    """Of [kind, begun, ended, …]."""
    count, end = 0, 0.0
    for begun, ended in sorted(((x[1], x[2]) for x in log), key=lambda x: x[1]):
        if begun >= end:
            count, end = count + 1, ended
    return count


def summary(log):
    kinds = [x[0] for x in log]
    return dict(requests=len(log), kinds={k: kinds.count(k) for k in dict.fromkeys(kinds)}, down=sum(x[3] for x in log),
                up=sum(x[4] for x in log), chain=chain(log), refused=sum(x[5] >= 400 for x in log),
                manifests=sum(x[0] == "GET" and "_versions/" in x[6] for x in log))


@contextlib.contextmanager
def serving(folder, delay):
    """The address of a store that serves `folder`."""
    process = subprocess.Popen([sys.executable, HERE + "/counting_s3.py", folder, str(delay)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.wait()


def take_log(url):
    with urllib.request.urlopen(url + "/-/log", timeout=30) as answer:
        return json.load(answer)


def run(session, name, variant):
    """The steps of one process; {} if it failed."""
    path = "store-" + variant.peer
    owner = "appended" if variant.after_appends else variant.peer
    shutil.rmtree(f"{session.folder}/{path}", ignore_errors=True)
    shutil.copytree(f"{session.folder}/{owner}", f"{session.folder}/{path}", copy_function=os.link)
    out = {}
    with serving(session.folder, variant.delay) as url:
        request = dict(peer=variant.peer, url=url, path=path, options=variant.options, steps=["open", *variant.steps], rows=session.rows,
                       source=session.source)
        child = subprocess.Popen([session.python, os.path.abspath(__file__), json.dumps(request)], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "AWS_EC2_METADATA_DISABLED": "true", "RUST_LOG": "error"})
        killer = threading.Timer(TIMEOUT_S, child.kill)
        killer.start()
        for line in child.stdout:
            log = take_log(url)  # between two steps: of the first, what came before it
            if line.startswith("end "):
                step, wall, got, bad = json.loads(line[4:])
                question, _, repetition = step.partition("+")
                right = session.right.get(question, {}).get(repetition or str(workload.WARM))
                if right is not None and got != right and not bad:
                    bad = f"wrong answer: {got}, right: {right}"
                if bad:
                    session.errors.append([name, "on a store: " + step, bad])
                    print(f"  !! {name} {step}: {bad}", flush=True)
                else:
                    out[question if question != "take1" else step] = dict(wall=wall, **summary(log))
            child.stdin.write("\n")
            child.stdin.flush()
        stderr = child.stderr.read()
        child.wait()
        killer.cancel()
    if child.returncode:
        session.errors.append([name, "on a store", stderr.strip()[-300:]])
        print(f"  !! {name} on a store: {stderr.strip()[-300:]}", flush=True)
    shutil.rmtree(f"{session.folder}/{path}", ignore_errors=True)
    return out


def make_appended(session):
    """W1 and 1,000 small appends, made locally and not synced."""
    shutil.rmtree(session.folder + "/appended", ignore_errors=True)
    shutil.copytree(session.folder + "/varve", session.folder + "/appended", copy_function=os.link)
    import varve
    table = varve.open(session.folder + "/appended", sync=False)
    for k in range(APPENDS):
        table.append(workload.small_batch(session.source, 1, k))


def measure(session, rounds, wanted, chosen=()):
    """{"steps": {variant: [{step: figures}, …]}, "ceiling": GETs a second of the store itself}"""
    names = [n for n, v in VARIANTS.items() if (not chosen or v.peer in chosen) and (not v.bars or wanted & set(v.bars))]
    session.ensure_data(list(dict.fromkeys(VARIANTS[n].peer for n in names)))
    if any(VARIANTS[n].after_appends for n in names):
        make_appended(session)
    out = {name: [] for name in names}
    timed = [n for n in names if VARIANTS[n].is_timed]
    order = [n for _, n in session.rounds(timed, rounds)] + [n for n in names if n not in timed]
    for name in order:
        steps = run(session, name, VARIANTS[name])
        if steps:
            out[name].append(steps)
            print(f"  {name:28s}", " ".join(f"{s}={x['requests']}/{x['chain']}" for s, x in steps.items()), flush=True)
    shutil.rmtree(session.folder + "/appended", ignore_errors=True)
    limit = ceiling(session.folder)
    print(f"  the store itself answers {limit:,.0f} GETs a second", flush=True)
    return {"steps": out, "ceiling": limit}


def ceiling(folder, connections=64, seconds=1.0):
    """How many GETs of 3,072 bytes the store answers in a second, with no delay: what it can be asked for."""
    import socket
    path, width = "ceiling-object", 3072
    with open(f"{folder}/{path}", "wb") as f:
        f.write(bytes(1 << 20))
    with serving(folder, 0) as url:
        port = int(url.rpartition(":")[2])
        ask = f"GET /b/{path} HTTP/1.1\r\nHost: h\r\nRange: bytes=4096-{4095 + width}\r\n\r\n".encode()
        channels = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
        begun, count = time.perf_counter(), 0
        while time.perf_counter() - begun < seconds:
            for channel in channels:
                channel.sendall(ask)
            for channel in channels:
                data = channel.recv(1 << 16)
                while len(data) < data.find(b"\r\n\r\n") + 4 + width:
                    data += channel.recv(1 << 16)
            count += connections
        took = time.perf_counter() - begun
        for channel in channels:
            channel.close()
    os.unlink(f"{folder}/{path}")
    return count / took


# ---------------------------------------------------------------- the process that is measured

def child(a):
    import store_peers

    def tell(line):
        print(line, flush=True)
        sys.stdin.readline()

    peer = store_peers.ALL[a["peer"]](a["url"], **a["options"])
    peer.load()
    small = [workload.small_batch(a["source"], 2, k) for k in range(2)]

    def do(step):
        if step == "open":
            return peer.open(a["path"])
        if step.startswith("append"):
            return peer.append(a["path"], small.pop())
        question, _, repetition = step.partition("+")
        return workload.ask(peer, question, int(repetition or workload.WARM), a["rows"])

    for step in a["steps"]:
        question, _, repetition = step.partition("+")
        if question.startswith("take"):
            workload.rows_of_take(workload.take_count(question), int(repetition), a["rows"])  # drawn before the clock starts
        tell("begin " + step)
        got, bad, begun = None, "", time.perf_counter()
        try:
            got = do(step)
        except Exception as error:
            bad = f"{type(error).__name__}: {error}"[:300]
        wall = time.perf_counter() - begun
        if step == "open" or step.startswith("append"):
            got = None
        tell("end " + json.dumps([step, wall, got, bad]))
    sys.stdout.flush()
    os._exit(0)  # some systems crash while their threads end


if __name__ == "__main__":
    child(json.loads(sys.argv[1]))
