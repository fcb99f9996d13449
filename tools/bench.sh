#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the native benchmarks and runs everything side by side: tools/bench.sh [options of bench/run.py]
# Writes docs/BENCHMARKS.md and README's table when all bars were measured, that is without --only, --peers and --rows.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -f build-bench/build.ninja ] || cmake --preset bench >/dev/null
ninja -C build-bench --quiet native_floor native_varve store_throughput binlog_decode sync_task native_packed_read varve_milvus_packed
# S1, S10, S12 and S13 need a server; without it they are not measured.
[ -x .servers/bin/versitygw ] || tools/stores.sh versitygw || true

page=(--markdown docs/BENCHMARKS.md --readme README.md)
for option in "$@"; do
  case $option in --only*|--peers*|--rows*|--markdown*|-h|--help) page=() ;; esac
done
exec .venv/bin/python bench/run.py "${page[@]}" "$@"
