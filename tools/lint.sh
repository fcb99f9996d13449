#!/usr/bin/env bash
# Formatting, the clang-tidy allowlist, and house rules that a grep can keep. Needs a configured build folder for clang-tidy.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t sources < <(git ls-files '*.h' '*.cc')
clang-format-14 --dry-run --Werror "${sources[@]}" $(git ls-files '*.c')

failed=no
complain() { echo "lint: $1" >&2; echo "$2" >&2; failed=yes; }
found=$(grep -LE '^// SPDX-License-Identifier: Apache-2.0' "${sources[@]}" || true)
[ -z "$found" ] || complain "no licence line:" "$found"
mapfile -t public < <(git ls-files 'include/varve/*.h' 'cli/*' 'python/src/*' 'src/capi/*')
found=$(grep -nE '#include "(base|storage|schema|packed|binlog|segment|manifest|query|table|milvus)/' "${public[@]}" | grep -vE '^src/capi/.*"base/exception_guard\.h"' || true)
[ -z "$found" ] || complain "only include/varve may be used here:" "$found"
found=$(grep -nE 'arrow/(api|compute/api|dataset/api)\.h|parquet/arrow/reader\.h' $(git ls-files '*.h') || true)
[ -z "$found" ] || complain "heavy header in a header:" "$found"
found=$(grep -nE '#include [<"](parquet|google|nlohmann)/' $(git ls-files 'include/varve/*.h') || true)
[ -z "$found" ] || complain "a library in an installed header that is none of its types:" "$found"
[ $failed = no ] || exit 1

# Each public header compiles alone.
include=$(.venv/bin/python -c 'import importlib.util as u, os; print(os.path.dirname(u.find_spec("pyarrow").origin))')/include
for header in include/varve/*.h; do
  g++ -std=c++20 -fsyntax-only -Wall -Iinclude -isystem "$include" -include "$header" -x c++ /dev/null
done
for header in include/varve/c/*.h; do
  gcc -std=c11 -fsyntax-only -Wall -Wpedantic -Iinclude -include "$header" -x c /dev/null
  g++ -std=c++20 -fsyntax-only -Wall -Wpedantic -Iinclude -include "$header" -x c++ /dev/null
done

if [ "${1:-}" != --no-tidy ]; then
  git ls-files 'src/*.cc' 'cli/*.cc' | grep -vE '_(test|fuzz|bench)\.cc$' |
    xargs -P "$(nproc)" -n 4 clang-tidy-14 -p build --quiet --extra-arg=-Wno-unknown-warning-option 2> >(grep -vE 'warnings? generated|Suppressed|Use -header' >&2)
fi
echo "lint: clean" >&2
