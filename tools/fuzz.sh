#!/usr/bin/env bash
# Runs every fuzz target for some seconds, from the seeds in tests/fixtures/fuzz/<target>.   usage: fuzz.sh [seconds each]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-20}
[ -f build-fuzz/build.ninja ] || cmake --preset fuzz > /dev/null
ninja -C build-fuzz --quiet
for target in build-fuzz/fuzz/*_fuzz; do
  name=$(basename "$target" _fuzz); name=${name#varve_}
  corpus=build-fuzz/corpus/$name seeds=tests/fixtures/fuzz/$name
  mkdir -p "$corpus"
  echo "fuzz: $name, $seconds s" >&2
  folders=("$corpus"); [ ! -d "$seeds" ] || folders+=("$seeds")
  ARROW_DEFAULT_MEMORY_POOL=system ASAN_OPTIONS=allocator_may_return_null=1 \
    "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=0 -verbosity=0 \
    -artifact_prefix="build-fuzz/" "${folders[@]}" 2> "build-fuzz/$name.log" || { tail -40 "build-fuzz/$name.log"; exit 1; }
done
echo "fuzz: no findings" >&2
