"""Takes all pictures, or those of the scenes that are named."""

from __future__ import annotations

import subprocess
from itertools import product
from pathlib import Path
from typing import Final

import click
from playwright.sync_api import Browser

from tools.chromium import chromium, find_chromium, profile
from tools.screenshots import console, demo
from tools.screenshots.scenes import WINDOWS, Scene, Window

_IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
_SERVERS: Final = (demo.SERVER, console.SERVER)
_NAMES: Final = [scene.name for server in _SERVERS for scene in server.scenes]
_SECONDS: Final = 30
_MOST_BYTES: Final = 150_000


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(_NAMES))
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), default=_IMAGES, show_default=False)
def main(names: tuple[str, ...], output: Path) -> None:
    """Take the pictures of these scenes, or of all, and write them to docs/images."""
    program = find_chromium()
    if program is None:
        raise click.ClickException("this needs Chromium, in Debian the package `chromium`")
    if not _has_chinese():
        raise click.ClickException("this needs a Chinese font, in Debian the package `fonts-noto-cjk`")
    output.mkdir(parents=True, exist_ok=True)
    with chromium(program) as browser:
        for server in _SERVERS:
            scenes = [scene for scene in server.scenes if not names or scene.name in names]
            if scenes:
                with server.start() as address:
                    for scene, window in product(scenes, WINDOWS):
                        _take(browser, f"http://{address}", scene, window, output / window.file(scene))


def _take(browser: Browser, origin: str, scene: Scene, window: Window, file: Path) -> None:
    _, width, height, scheme, lang = window
    with profile(browser, lang=lang, scheme=scheme, width=width, height=height) as context:
        context.set_default_timeout(_SECONDS * 1000)
        page = context.new_page()
        page.goto(f"{origin}{scene.path}")
        scene.prepare(page, lang)
        page.screenshot(path=file)
    size = file.stat().st_size
    click.echo(f"{file.name}: {size / 1000:.0f} KB")
    if size > _MOST_BYTES:
        raise click.ClickException(f"{file.name} is too large for the documentation")


def _has_chinese() -> bool:
    listed = subprocess.run(["fc-list", ":lang=zh"], check=False, capture_output=True, text=True)  # noqa: S607  # from the PATH
    return bool(listed.stdout.strip())


if __name__ == "__main__":
    main()
