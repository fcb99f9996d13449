# SPDX-License-Identifier: Apache-2.0
"""The short table of README.md, between its two marks, from the bars of one full run."""

import re

import report

START, END = "<!-- benchmarks:start -->", "<!-- benchmarks:end -->"
NAMES = {"lance": "Lance", "vortex": "Vortex", "vortex-mapped": "Vortex", "vortex-compact": "Vortex", "duckdb-native": "DuckDB",
         "duckdb-parquet": "DuckDB on Parquet", "pyarrow": "pyarrow", "polars": "Polars", "duckdb, same file": "DuckDB on the same file",
         "mapped Arrow file": "a mapped Arrow file", "two-thread floor": "a plain loop over the mapped bytes"}
# What the page calls it -> what the bar measures.
ROWS = {
    "take 100 random vectors": "take 100 vectors",
    "take 1,000 random vectors": "take 1000 vectors",
    "take 100 rows, all six columns": "take 100 rows, six columns",
    "scan all vectors, one thread": "scan vectors, one thread",
    "scan all vectors, two threads, C++": "scan vectors, native, two threads",
    "scan two scalar columns": "scan two scalar columns",
    "filter 0.1 %, return vectors": "filter 0.1 %, return vectors",
    "filter 1 % by time, return vectors": "filter 1 % by time, return vectors",
    "open and first row, fresh process": "open and first row, fresh process",
    "write to a synced commit": "write to a synced commit, MB/s",
    "the same, per CPU second": "write to a synced commit, MB per CPU second",
    "peak memory while writing": "peak memory while writing",
    "size on disk": "size on disk",
    "size on disk, compact": "size on disk, compact",
    "1,000 appends of 10 rows, no syncs": "1,000 appends of 10 rows, no syncs",
    "16 processes appending, no syncs": "16 writers, commits per second, no syncs",
}


def figure(value, unit):
    return f"{report.number(value)} {'commits/s' if unit == '/s' else unit}"


def table(out, judged):
    """None if a figure is missing."""
    rows = []
    for label, what in ROWS.items():
        bars = [b for b in judged if b.id[0] == "F" and b.what == what and b.ratio is not None]
        if not bars:
            return None
        others = [f"{NAMES.get(b.rival, b.rival)} {figure(b.theirs, b.unit)}" for b in bars]
        # How many times better ours is, against the rival that comes first.
        first = bars[0]
        more_is_better = first.unit in ("MB/s", "/s")
        better = first.ours / first.theirs if more_is_better else first.theirs / first.ours
        rows.append([label, figure(first.ours, first.unit), "; ".join(others), f"{better:.{1 if better >= 1.05 else 2}f}x"])
    facts = out["workloads"]["w1"]["facts"]
    cores = re.match(r"\d+", out["machine"]).group()
    missed = sorted({b.id for b in judged if b.verdict == "missed"}, key=lambda id: (id.rstrip("0123456789"), int(id.lstrip("FSWP"))))
    return (f"{facts['rows']:,} rows with {facts['dim']}-dimensional vectors ({facts['raw_bytes'] / 1e6:,.0f} MB), {cores} cores, warm "
            "page cache, called through Python,\nchecksums verified, fresh rows in every repetition; medians of one run of `make bench`. "
            "Single figures below 1 ms vary\nup to twofold from run to run. [All figures](docs/BENCHMARKS.md)"
            + (f"; of the bars F1 to F14, S1 to S13 and WP1 to WP9 a part was missed of {', '.join(missed)}.\n\n" if missed else ", every bar met.\n\n")
            + report.markdown(["", "Varve", "others", "times better"], rows))


def rewrite(path, out, judged):
    with open(path) as f:
        text = f.read()
    before, _, rest = text.partition(START)
    _, mark, after = rest.partition(END)
    new = table(out, judged)
    if not mark or new is None:
        print(f"{path} stays as it is: a figure or its marks are missing")
        return
    with open(path, "w") as f:
        f.write(f"{before}{START}\n{new}{mark}{after}")
