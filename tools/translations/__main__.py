"""The pages in Chinese: `python -m tools.translations` writes what is generated of them and lists what lags behind;
`--stamp PAGE ...` notes that a page was translated from the English page as it is now.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .pages import ENDING, ROOT, catalogue, english, generated, problems, translated_pages
from .sections import differences, with_stamp


def main(words: list[str], root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.translations", description=__doc__)
    parser.add_argument(
        "--stamp", nargs="+", metavar="PAGE", default=[], help=f"pages that end with {ENDING}, or `all`"
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    given = parser.parse_args(words)
    if not given.check:
        for page, text in generated(catalogue(), root):
            if not page.exists() or page.read_text(encoding="utf-8") != text:
                page.write_text(text, encoding="utf-8")
                print(f"{page}: written")
    pages = translated_pages(root) if given.stamp == ["all"] else [Path(name).absolute() for name in given.stamp]
    if unknown := [page for page in pages if page not in translated_pages(root)]:
        parser.error(f"{unknown[0]} is not a page that people translate")
    for page in pages:
        _stamp(page)
    found = list(problems(root))
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


def _stamp(page: Path) -> None:
    """Not a page that differs from its source as it must not: some of it was not translated yet."""
    source = english(page)
    text, original = page.read_text(encoding="utf-8"), source.read_text(encoding="utf-8")
    if any(differences(text, original)):
        print(f"{page}: not stamped", file=sys.stderr)
    else:
        page.write_text(with_stamp(text, source.name, original), encoding="utf-8")
        print(f"{page}: stamped")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
