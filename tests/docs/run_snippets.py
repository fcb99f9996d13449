# SPDX-License-Identifier: Apache-2.0
"""Runs the code blocks of pages, in order, each page in an empty folder: what a page shows is what happens.

usage: run_snippets.py BUILD_FOLDER PAGE.md...

python  blocks of a page share one namespace, after setup/PAGE.py and before setup/PAGE.check.py where there are such files
sh      with the built `varve` first on the PATH; a block fails with the first command that does
cpp     a whole program, or statements that go into setup/PAGE.cc in place of its line `SNIPPETS;`, built against the installed package
c       a whole program, built against the installed library that it includes the header of
go      a whole program, built and run in the module that the page has made, with the libraries that it has installed in the folder
        local, by the go of the environment variable GO
output  what the block before must print on standard output; `…` stands for any characters of a line, for anything in a line of
        its own
text    is not run; blocks in any other language, or in none, are mistakes

A page that installs varve/build finds a checkout that is built in the folder varve.
"""

import contextlib
import io
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = {"text"}


class Block(NamedTuple):
    language: str
    source: str
    line: int
    output: str | None


class Mistake(Exception):
    pass


def blocks_of(text):
    """The blocks that run, each with the output the page shows for it."""
    found, end = [], 0
    for fence in FENCE.finditer(text):
        language, source = fence.groups()
        line = text.count("\n", 0, fence.start()) + 2
        if language == "output":
            if not found or text[end:fence.start()].strip() or found[-1].output is not None:
                raise Mistake(f"line {line}: no block before this output")
            found[-1] = found[-1]._replace(output=source)
        elif language in ("python", "sh", "cpp", "c", "go"):
            found.append(Block(language, source, line, None))
        elif language not in NOT_RUN:
            raise Mistake(f"line {line}: a block in {language or 'no language'!r}; text is what is not run")
        end = fence.end()
    return found


def matches(shown, printed):
    """Line by line, but for white space at the end of lines."""
    pattern = "\n".join(r"(?:.*\n)*?.*" if line.strip() == "…" else ".*".join(map(re.escape, line.rstrip().split("…")))
                        for line in shown.strip("\n").split("\n"))
    return re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed.strip("\n").split("\n"))) is not None


class Programs:
    """Builds programs against the installed package, which is installed when it is first needed."""

    def __init__(self, build, scratch):
        self.build, self.scratch, self.prefix = build, scratch, None

    def flags(self, package):
        if self.prefix is None:
            self.prefix = self.scratch / "prefix"
            subprocess.run(["cmake", "--install", self.build, "--prefix", self.prefix], check=True, stdout=subprocess.DEVNULL)
        folder = next(self.prefix.glob(f"lib/**/{package}.pc")).parent
        # The C libraries' own files know where they are.
        moved = [f"--define-variable=prefix={self.prefix}"] if package == "varve" else []
        return subprocess.run(["pkg-config", *moved, "--cflags", "--libs", package],
                              env={**os.environ, "PKG_CONFIG_PATH": str(folder)}, check=True, capture_output=True,
                              text=True).stdout.split()

    def run_go(self, source, work):
        module = next(pathlib.Path(work).glob("*/go.mod")).parent
        (module / "main.go").write_text(source)
        # Modules that the tests of the folder go have fetched were checked then: no network is needed.
        environment = {**os.environ, "PKG_CONFIG_PATH": f"{work}/local/lib/pkgconfig", "GOSUMDB": "off"}
        go = os.environ.get("GO", "go")
        subprocess.run([go, "mod", "tidy"], check=True, cwd=module, env=environment)
        return subprocess.run([go, "run", "."], check=True, cwd=module, env=environment, stdout=subprocess.PIPE, text=True).stdout

    def run(self, language, source, work):
        program = self.scratch / f"snippet.{'cc' if language == 'cpp' else language}"
        program.write_text(source)
        built = self.scratch / "snippet"
        if language == "c":
            package = re.search(r'"varve/c/(\w+)\.h"', source)[1]
            flags = self.flags({"varve": "varve_c"}.get(package, "varve_" + package))
            subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", program, "-o", built, *flags], check=True)
        else:
            subprocess.run(["g++", program, "-o", built, *self.flags("varve")], check=True)
        return subprocess.run([built], check=True, cwd=work, stdout=subprocess.PIPE, text=True).stdout


def run_page(page, build, programs):
    blocks = blocks_of(page.read_text())
    namespace = {"__name__": page.stem}
    statements = []
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        path = os.pathsep.join(filter(None, [str(build), str(pathlib.Path(sys.executable).parent),
                                             os.path.dirname(os.environ.get("GO", "")), os.environ["PATH"]]))
        if any("varve/build" in block.source for block in blocks):
            checkout = pathlib.Path(work, "varve")
            checkout.mkdir()
            (checkout / "build").symlink_to(build)
            (checkout / "go").symlink_to(HERE.parent.parent / "go")
        setup = HERE / "setup" / page.stem
        if (prelude := setup.with_suffix(".py")).exists():
            exec(compile(prelude.read_text(), str(prelude), "exec"), namespace)
        for block in blocks:
            try:
                printed = ""
                if block.language == "python":
                    out = io.StringIO()
                    with contextlib.redirect_stdout(out):
                        exec(compile("\n" * (block.line - 1) + block.source, str(page), "exec"), namespace)
                    printed = out.getvalue()
                elif block.language == "sh":
                    printed = subprocess.run(["bash", "-euo", "pipefail", "-c", block.source], check=True,
                                             env={**os.environ, "PATH": path, "COLUMNS": "120"}, stdout=subprocess.PIPE,
                                             text=True).stdout
                elif block.language == "go":
                    printed = programs.run_go(block.source, work)
                elif block.language == "c" or "int main" in block.source:
                    printed = programs.run(block.language, f'#line {block.line} "{page}"\n{block.source}', work)
                else:
                    statements.append(f'{{\n#line {block.line} "{page}"\n{block.source}}}\n')
                if block.output is not None and not matches(block.output, printed):
                    raise Mistake(f"printed\n{printed}\nbut the page shows\n{block.output}")
            except Exception:
                print(f"{page}:{block.line}: this {block.language} block fails", file=sys.stderr)
                raise
        if (check := setup.with_suffix(".check.py")).exists():
            exec(compile(check.read_text(), str(check), "exec"), namespace)
        if statements:
            programs.run("cpp", setup.with_suffix(".cc").read_text().replace("  SNIPPETS;\n", "".join(statements)), work)
        os.chdir("/")
    return len(blocks)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        programs = Programs(build, pathlib.Path(scratch))
        for page in [pathlib.Path(name).resolve() for name in sys.argv[2:]]:
            print(f"{page.name}: {run_page(page, build, programs)} blocks run", flush=True)


if __name__ == "__main__":
    main()
