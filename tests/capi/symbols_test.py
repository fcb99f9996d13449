# SPDX-License-Identifier: Apache-2.0
"""A shared library exports the functions of its header, as its version script lists them, and nothing else.

usage: symbols_test.py LIBRARY VERSION_SCRIPT HEADER
"""

import pathlib
import re
import subprocess
import sys


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    symbols = [line.split()[1:] for line in lines.splitlines()]
    return {name.partition("@")[0] for kind, name in symbols if kind != "A"}


def main():
    library, script, header = sys.argv[1:]
    listed = set(re.findall(r"^ +(\w+);$", pathlib.Path(script).read_text(), re.MULTILINE))
    declared = set(re.findall(r"^\w+_EXPORT [^;(]*?(\w+)\(", pathlib.Path(header).read_text(), re.MULTILINE))
    assert declared, f"no declarations found in {header}"
    assert listed == declared, f"listed: {sorted(listed - declared)}, declared: {sorted(declared - listed)}"
    found = exported(library)
    assert found == listed, f"exported: {sorted(found - listed)}, listed: {sorted(listed - found)}"
    print(f"{len(found)} functions, as listed and declared")


if __name__ == "__main__":
    main()
