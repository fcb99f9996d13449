#!/usr/bin/env bash
# A short story on the terminal: real package descriptions with embeddings go in, are looked at, asked, read at random, looked back
# at, verified, and opened by somebody else. Run by `make demo`; safe to run again.
#
#   VARVE_TEST_DATA=FOLDER   where debian-packages/debian-packages.parquet lies (default: ../shared/data); without it, the sample
#                            of 1,000 rows in examples/data
#   BUILD=FOLDER             the build to show (default: build)
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
build=$(realpath "${BUILD:-build}")
export PATH="$build:$PATH"
data=${VARVE_TEST_DATA:-../shared/data}/debian-packages/debian-packages.parquet
[ -f "$data" ] || data=examples/data/sample-1000.parquet
data=$(realpath "$data")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
chapter() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
show() { printf '%s$ %s%s\n' "$dim" "$*" "$plain"; }

chapter "1. Descriptions and embeddings of Debian's packages become a table"
show "varve import packages $(basename "$data") --primary-key id"
varve import packages "$data" --primary-key id
varve query packages --filter "section = 'science' AND n_depends > 5" --columns name,section,installed_size_kib,embedding -n 3 --quiet

chapter "2. What lies on disk: ordinary Parquet files, vectors apart from the rest"
show "varve tree packages --depth 2"
varve tree packages --depth 2 | sed 's/^/  /'

chapter "3. Questions, answered by meaning: brute force over a zero-copy scan"
show "semantic_search packages queries.parquet 7 50 55 78 91"
"$build/examples/semantic_search" packages "$root/examples/data/queries.parquet" 7 50 55 78 91

chapter "4. Random access, beside the floor: pread of the same bytes"
show "varve bench packages"
varve bench packages --column embedding --repeat 5

chapter "5. A second version, and a look back"
show "varve import packages sample-1000.parquet -m 'the sample once more'"
varve import packages "$root/examples/data/sample-1000.parquet" -m 'the sample once more'
varve history packages
show "varve query packages --count --version 1"
varve query packages --count --version 1

chapter "6. Every byte compared with its checksum, then one bit is flipped in a copy"
show "varve verify packages --deep"
varve verify packages --deep
cp -r packages damaged
file=$(find damaged/data -name '*.parquet' -size +0 | sort | head -1)
python3 - "$file" <<'PYTHON'
import os, sys
with open(sys.argv[1], "r+b") as file:
    file.seek(os.path.getsize(sys.argv[1]) // 2)
    byte = file.read(1)[0]
    file.seek(-1, os.SEEK_CUR)
    file.write(bytes([byte ^ 1]))
PYTHON
show "varve verify damaged --deep"
if varve verify damaged --deep --quiet 2> /dev/null | cut -c1-160; then :; fi

if "$root/.venv/bin/python" -c 'import duckdb' 2> /dev/null; then
  chapter "7. The same files, opened by DuckDB"
  scalars=$(varve tree packages --version 1 --json | "$root/.venv/bin/python" -c '
import json, sys
groups = json.load(sys.stdin)["segments"][0]["column_groups"]
print(next(g["file"] for g in groups if "section" in g["columns"]))')
  show "duckdb: select section, count(*), … from 'packages/$scalars'"
  "$root/.venv/bin/python" - "packages/$scalars" <<'PYTHON'
import sys
import duckdb
query = f"""select section, count(*) as packages, round(sum(installed_size_kib) / 1048576, 1) as "size (GiB)"
            from '{sys.argv[1]}' group by section order by packages desc limit 3"""
rows = duckdb.sql(query).fetchall()
print(f"  {'section':<12}{'packages':>10}{'size (GiB)':>12}")
for section, packages, size in rows:
    print(f"  {section:<12}{packages:>10,}{size:>12}")
PYTHON
fi
printf '\nNext: varve quickstart, varve --help, docs/guide/getting-started.md\n'
