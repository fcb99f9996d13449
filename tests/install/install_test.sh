#!/usr/bin/env bash
# Installs the build tree into a scratch folder, builds a consumer twice, with find_package and with pkg-config, and compiles each
# installed header alone.
# usage: install_test.sh <build folder> <python>
set -euo pipefail
build=$1 python=$2 source=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cmake --install "$build" --prefix "$scratch/prefix" >/dev/null
cmake -S "$source" -B "$scratch/cmake" -G Ninja -DCMAKE_PREFIX_PATH="$scratch/prefix" -DPython3_EXECUTABLE="$python" >/dev/null
ninja -C "$scratch/cmake" >/dev/null
printed=$("$scratch/cmake/consumer")
[ "$printed" = 42 ] || { echo "find_package: expected 42, found '$printed'"; exit 1; }

export PKG_CONFIG_PATH=$scratch/prefix/lib/pkgconfig:$scratch/prefix/lib/x86_64-linux-gnu/pkgconfig
# shellcheck disable=SC2046
g++ "$source/consumer.cc" -o "$scratch/consumer" \
  $(pkg-config --define-variable=prefix="$scratch/prefix" --cflags --libs varve)
printed=$("$scratch/consumer")
[ "$printed" = 42 ] || { echo "pkg-config: expected 42, found '$printed'"; exit 1; }
# shellcheck disable=SC2046
for header in "$scratch"/prefix/include/varve/*.h; do
  g++ -std=c++20 -fsyntax-only -Wall -Wextra -Werror -Wno-unused-parameter \
    $(pkg-config --define-variable=prefix="$scratch/prefix" --cflags varve) -include "$header" -x c++ /dev/null
done
echo "find_package and pkg-config consumers print 42, each header compiles alone"
