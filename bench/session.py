# SPDX-License-Identifier: Apache-2.0
"""Runs children one after the other (or side by side), rotating the order of peers from round to round."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time

import peers
import workload

HERE = os.path.dirname(os.path.abspath(__file__))
# Peers that read what another one wrote.
DATA_OF = {"vortex-mapped": "vortex", "duckdb-parquet": "pyarrow", "duckdb-varve": "varve"}


def busy_ticks():
    values = list(map(int, open("/proc/stat").readline().split()[1:9]))
    return sum(values) - values[3] - values[4], sum(values)


class Session:
    """One workload, its folder, and what was measured so far."""

    def __init__(self, name, rows, folder, python=sys.executable):
        self.name, self.rows, self.python, self.count = name, rows, python, 0
        self.folder = f"{folder}/{name}-{rows}"
        self.source = self.folder + "/source"
        # A process of its own: the peak memory of a child starts with its parent's.
        code = f"import sys; sys.path.insert(0, {HERE!r}); import workload; workload.generate({name!r}, {rows}, {self.source!r})"
        subprocess.run([python, "-c", code], check=True)
        self.facts = json.load(open(self.source + "/facts.json"))
        self.right = self.right_answers()
        self.results, self.errors, self.versions = {}, [], {}

    def right_answers(self):
        path = self.source + "/right.json"
        if not os.path.exists(path):
            raw, out = workload.load_raw(self.source), {}
            for question, repetitions in workload.REPETITIONS.items():
                if self.name == "w2" and question not in ("take1", "take100", "take1000", "scan_emb", "scan_scalars"):
                    continue
                asked = [workload.WARM]
                if question.startswith("take"):
                    asked += [r * 100 + i for r in range(8) for i in range(repetitions)]
                if question == "take1":
                    asked += range(10)
                out[question] = {str(r): workload.right_answer(raw, question, r, self.rows) for r in asked}
            json.dump(out, open(path, "w"))
        return json.load(open(path))

    def data(self, peer):
        return self.source if peer.startswith("floor") else f"{self.folder}/{DATA_OF.get(peer, peer)}"

    def fresh(self, name):
        path = f"{self.folder}/{name}"
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path

    def start(self, peer, mode, path, **more):
        self.count += 1
        base = f"{self.folder}/request-{self.count}"
        a = dict(peer=peer, mode=mode, path=path, rows=self.rows, source=self.source, result=base + ".result", **more)
        json.dump(a, open(base, "w"))
        # NumPy's OpenBLAS, which nobody here asks anything, would spin on every other core for the first tenth of a second.
        process = subprocess.Popen([self.python, HERE + "/child.py", base], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
        return process, a, base, busy_ticks(), resource.getrusage(resource.RUSAGE_CHILDREN)

    def finish(self, handle, timeout=600):
        process, a, base, (busy, total), usage = handle
        try:
            stderr = process.communicate(timeout=timeout)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            stderr = "timeout " + (process.communicate()[1] or "")
        busy_after, total_after = busy_ticks()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = (used.ru_utime + used.ru_stime - usage.ru_utime - usage.ru_stime) * os.sysconf("SC_CLK_TCK")
        os.unlink(base)
        if not os.path.exists(a["result"]):
            self.errors.append([a["peer"], a["mode"], stderr.strip()[-400:]])
            print(f"  !! {a['peer']} {a['mode']}: {stderr.strip()[-300:]}", flush=True)
            return None
        out = json.load(open(a["result"]))
        os.unlink(a["result"])
        # The share of the machine that others used meanwhile.
        out["foreign"] = round(max(0.0, (busy_after - busy - own) / max(1, total_after - total)), 3)
        self.versions[a["peer"]] = out.pop("version")
        for question, reason in out.get("bad", {}).items():
            self.errors.append([a["peer"], question, reason])
            print(f"  !! {a['peer']} {question}: {reason}", flush=True)
        return out

    def run(self, peer, mode, path, **more):
        return self.finish(self.start(peer, mode, path, **more))

    def keep(self, phase, peer, result):
        if result is not None:
            self.results.setdefault(phase, {}).setdefault(peer, []).append(result)
        return result

    @staticmethod
    def rounds(names, count):
        for r in range(count):
            shift = r % len(names) if names else 0
            for name in names[shift:] + names[:shift]:
                yield r, name

    # ------------------------------------------------------------ phases

    def ensure_data(self, names):
        for name in names:
            if not name.startswith("floor") and DATA_OF.get(name, name) not in os.listdir(self.folder):
                owner = DATA_OF.get(name, name)
                if self.run(owner, "write", self.fresh(owner), in_memory=False) is None:
                    shutil.rmtree(f"{self.folder}/{owner}")

    def write(self, names, rounds):
        for _, peer in self.rounds(names, rounds):
            x = self.keep("write", peer, self.run(peer, "write", self.fresh(peer), in_memory=True))
            if x:
                rate = self.facts["raw_bytes"] / 1e6
                print(f"  write {peer:15s} {rate / x['wall']:6.0f} MB/s  {rate / x['cpu']:6.0f} MB per CPU second", flush=True)

    def write_memory(self, names):
        for peer in names:
            self.keep("write_memory", peer, self.run(peer, "write", self.fresh("memory"), in_memory=False))
        shutil.rmtree(self.folder + "/memory", ignore_errors=True)

    def read(self, plan, rounds, seconds_each):
        """`plan`: peer -> questions."""
        for r, peer in self.rounds(list(plan), rounds):
            questions = [q for q in plan[peer] if q in self.right]
            x = self.keep("read", peer, self.run(peer, "read", self.data(peer), questions=questions, round=r,
                                                 right=self.right, seconds_each=seconds_each))
            if x:
                print(f"  read  {peer:15s}", " ".join(f"{q}={sorted(v['wall'])[len(v['wall']) // 2] * 1e3:.2f}ms"
                                                     for q, v in x["questions"].items()), flush=True)

    def open(self, names, rounds):
        for r, peer in self.rounds(names, rounds):
            self.keep("open", peer, self.run(peer, "open_first_row", self.data(peer), round=r, right=self.right))

    def append(self, names, count):
        for peer in names:
            x = self.keep("append", peer, self.run(peer, "append", self.fresh("append-" + peer), count=count))
            if x:
                print(f"  append {peer:15s} {x['wall']:.2f} s for {count}, metadata {x['metadata_bytes'] / 1e6:.1f} MB", flush=True)

    def writers(self, names, processes, count):
        for peer in names:
            path, gate = self.fresh("writers-" + peer), self.fresh("gate")
            if self.run(peer, "make_empty", path) is None:
                continue
            handles = [self.start(peer, "writer", path, id=i + 1, count=count, gate=gate) for i in range(processes)]
            end = time.time() + 120
            while len(os.listdir(gate)) < processes and time.time() < end:
                time.sleep(0.01)
            start = time.time()
            open(gate + "/go", "w").close()
            done = [x for x in map(self.finish, handles) if x]
            left = self.run(peer, "survey", path)
            if not done or left is None:
                continue
            wall = max(x["end"] for x in done) - start
            refused = {}
            for x in done:
                for reason, n in x["refused"].items():
                    reason = re.sub(r"\d+", "N", reason)
                    refused[reason] = refused.get(reason, 0) + n
            x = dict(committed=sum(x["committed"] for x in done), asked=processes * count, wall=wall, refused=refused,
                     rows=left["rows"], distinct=left["distinct"])
            self.keep("writers", peer, x)
            print(f"  writers {peer:15s} {x['committed']} of {x['asked']}, {x['committed'] / wall:.0f} commits/s, "
                  f"{x['rows']} rows, {x['distinct']} distinct", flush=True)


def known_peers():
    return list(peers.ALL)
