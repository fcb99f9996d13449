# SPDX-License-Identifier: Apache-2.0
"""Every relative link of every page leads to a file, and to a heading of it where the link names one: check_links.py REPOSITORY"""

import pathlib
import re
import sys

FOLDERS = ["docs", "src", "cli", "python", "go", "tests", "examples", "bench", ".ci"]
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"`[^`\n]*`")


def pages(root):
    found = sorted(root.glob("*.md"))
    for folder in FOLDERS:
        found += sorted(p for p in (root / folder).rglob("*.md") if "build" not in p.relative_to(root).parts)
    return found


def anchors(text):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    checked, broken = 0, []
    for page in pages(root):
        for target in LINK.findall(QUOTED.sub("", FENCED.sub("", page.read_text()))):
            if re.match(r"[a-z]+:", target):
                continue
            checked += 1
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists() or not file.is_relative_to(root):
                broken.append(f"{page.relative_to(root)}: {target}: no such file")
            elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
                broken.append(f"{page.relative_to(root)}: {target}: no such heading")
    print(f"{checked} links of {len(pages(root))} pages")
    print("\n".join(broken))
    if broken or checked == 0:
        sys.exit(1)


if __name__ == "__main__":
    main()
