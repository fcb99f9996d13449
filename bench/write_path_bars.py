# SPDX-License-Identifier: Apache-2.0
"""What Varve holds itself to in Milvus' formats, WP1 to WP9: as in bars.py, of what write_path.programs found."""

from bars import at_most, limit, more, none_of, report

ALL = {f"wp{i}" for i in range(1, 10)}
SOUND = {"wp1": "real V1 segment and backup: values, deletes, rewriting: wrong",
         "wp2": "every data type, nullable or not, in V1, V2 and our own files: not to the last bit",
         "wp3": "packed sets of Milvus, real ones and ours: values, footer keys, row groups: wrong",
         "wp4": "Bloom filters: bits, missed keys, false positives: wrong",
         "wp5": "truncations and {flips:,} flipped bits a codec: crashes, wrong values, large allocations",
         "wp6": "killed {kills:,} times in a flush that is run again: not once, or visible in part"}


def judge_all(found):
    def of(id, key):
        x = found.get(id, {})
        return None if x.get("why") else x.get(key)

    out = []
    for id, what in SOUND.items():
        if id not in found:
            continue
        what = what.format(flips=20_000, kills=of(id, "kills") or 0)
        out.append(none_of(id.upper(), f"{what} (tests: {of(id, 'tests') or 0})", of(id, "failed"), bool(of(id, "tests")) and
                           (id != "wp6" or (of(id, "kills") or 0) >= 500)))
    if "wp7" in found:
        for name in ("int64", "double", "varchar"):
            x = of("wp7", name)
            rate = (lambda key: None) if x is None else (lambda key, x=x: 1e3 * x["mb"] / x[key])
            out += [more("WP7", f"decode a V1 binlog of {name}, CPU of one thread", rate("ours"), "pyarrow, bare payload", rate("theirs"), 1.0, "MB/s"),
                    report("WP7", "the same on two threads, wall", rate("ours_wall"), "pyarrow, one thread", rate("theirs_wall"), "MB/s")]
        x = of("wp7", "vector") or {}
        out += [at_most("WP7", "decode a V1 binlog of vectors, CPU of one thread", x.get("ours"), "zstd alone, same pages", x.get("theirs"), 1.2),
                report("WP7", "the same on two threads, wall", x.get("ours_wall"), "zstd alone, one thread", x.get("theirs_wall"), "ms")]
    if "wp8" in found:
        out += [at_most("WP8", "V2 flush of 200,000 vectors, statistics, deletes", of("wp8", "ours"), "pyarrow, same columns", of("wp8", "theirs"), 1.0),
                limit("WP8", "memory of a V2 flush beside its input", of("wp8", "memory_mib"), 128, "MiB")]
    if "wp9" in found:
        out.append(at_most("WP9", "read a packed set through C into Go", of("wp9", "go"), "the same in C++", of("wp9", "cpp"), 1.1))
    return out
