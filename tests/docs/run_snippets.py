# SPDX-License-Identifier: Apache-2.0
"""Runs the code blocks of a guide, in order, in an empty folder: what the page shows is what happens.

usage: run_snippets.py BUILD_FOLDER GUIDE.md...

python blocks of a page share one namespace; sh blocks run with the built `varve` first on the PATH; cpp blocks are whole
programs, built against the installed package. A block fenced as ```text is not run.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def run_cpp(source: str, build: pathlib.Path, scratch: pathlib.Path) -> None:
    prefix = scratch / "prefix"
    if not prefix.exists():
        subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    program = scratch / "snippet.cc"
    program.write_text(source)
    pc = next(prefix.glob("lib/**/varve.pc"))
    flags = subprocess.run(
        ["pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs", "varve"],
        env={**os.environ, "PKG_CONFIG_PATH": str(pc.parent)}, check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["g++", program, "-o", scratch / "snippet", *flags], check=True)
    subprocess.run([scratch / "snippet"], check=True)


def run_page(page: pathlib.Path, build: pathlib.Path) -> int:
    text = page.read_text()
    namespace: dict = {"__name__": page.stem}
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder) / "work"
        work.mkdir()
        os.chdir(work)
        path = os.pathsep.join([str(build), str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
        for block in BLOCK.finditer(text):
            language, source = block.groups()
            line = text.count("\n", 0, block.start()) + 2
            try:
                if language == "python":
                    exec(compile("\n" * (line - 1) + source, str(page), "exec"), namespace)
                elif language == "sh":
                    subprocess.run(["bash", "-euo", "pipefail", "-c", source], check=True, env={**os.environ, "PATH": path},
                                   stdout=subprocess.DEVNULL)
                elif language == "cpp" and "int main" in source:
                    run_cpp(source, build, pathlib.Path(folder))
                else:
                    continue
            except Exception:
                print(f"{page}:{line}: this {language} block fails", file=sys.stderr)
                raise
            count += 1
        os.chdir("/")
    return count


def main() -> None:
    build = pathlib.Path(sys.argv[1]).resolve()
    for name in sys.argv[2:]:
        page = pathlib.Path(name).resolve()
        print(f"{page.name}: {run_page(page, build)} blocks run")


if __name__ == "__main__":
    main()
