#!/usr/bin/env bash
# Runs every fuzz target for some seconds, from the seeds in tests/fixtures/fuzz/<target>.   usage: fuzz.sh [seconds each [preset]]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-20}
preset=${2:-fuzz}
build=build-$preset
[ -f $build/build.ninja ] || cmake --preset "$preset" > /dev/null
ninja -C $build --quiet
for target in $build/fuzz/*_fuzz; do
  name=$(basename "$target" _fuzz); name=${name#varve_}
  corpus=$build/corpus/$name seeds=tests/fixtures/fuzz/$name
  mkdir -p "$corpus"
  echo "fuzz: $name, $seconds s" >&2
  folders=("$corpus"); [ ! -d "$seeds" ] || folders+=("$seeds")
  # In MiB, for one allocation. Parquet is bounded by what it decodes to, not by its own size: a run of equal values takes five bytes, however
  # long it is, and a sound log of Milvus may be 64 MiB of one value in less than these inputs' 64 KiB. A decode of n stored bytes may
  # take 128 MiB and 64 n (packed/decoded_column.h), here 132 MiB, and a buffer of texts that grows by doubling twice that.
  case $name in
    binlog | milvus_packed | packed_file) limit=264 ;;
    *) limit=64 ;;
  esac
  ARROW_DEFAULT_MEMORY_POOL=system ASAN_OPTIONS=allocator_may_return_null=1 \
    "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=$limit -max_len=65536 -print_final_stats=0 -verbosity=0 \
    -artifact_prefix="$build/" "${folders[@]}" 2> "$build/$name.log" || { tail -40 "$build/$name.log"; exit 1; }
done
echo "fuzz: no findings" >&2
