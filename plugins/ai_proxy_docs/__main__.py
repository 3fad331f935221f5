"""`python -m ai_proxy_docs [--check]`: write the generated files, or only report which of them are stale."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from proxywasm.config.generate.json_text import pretty

from . import json_schema, models_page, providers_page

DOCS = Path(__file__).resolve().parents[2] / "docs"


def files() -> dict[str, str]:
    """The texts of the generated files, by their names in `docs`."""
    return {
        "providers.md": providers_page.page(),
        "models.md": models_page.page(),
        "ai-proxy.schema.json": pretty(json_schema.document()),
    }


def stale(folder: Path) -> list[str]:
    return [name for name, text in files().items() if not _has_text(folder / name, text)]


def _has_text(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m ai_proxy_docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is stale")
    parser.add_argument("--folder", type=Path, default=DOCS, help="where the files are; by default the project's docs")
    given = parser.parse_args(words)
    texts = files()
    for name in stale(given.folder):
        if given.check:
            print(f"{name} is stale; run: python -m ai_proxy_docs", file=sys.stderr)
            return 1
        (given.folder / name).write_text(texts[name], encoding="utf-8")
        print(f"{given.folder / name}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
