"""How long the pages of `serve --demo` take until they can be used: `python -m tools.page_times 127.0.0.1:8080`.

Of the console, which is at another address: `python -m tools.page_times 127.0.0.1:9901 --page console`.

Each time a browser without a cache opens the page. The page itself says when all its controls work (a mark named
`interactive`); the time counts from the navigation.
"""

from __future__ import annotations

import statistics
from typing import Final

import click

from tools.chromium import chromium, find_chromium, profile

_PAGES: Final = ("playground", "arena")
_MARK: Final = "performance.getEntriesByName('interactive').map((each) => each.startTime)"


@click.command()
@click.argument("address")
@click.option("--page", "pages", multiple=True, default=_PAGES, type=click.Choice([*_PAGES, "console"]))
@click.option("--times", default=10, show_default=True, type=click.IntRange(1, 1000))
def main(address: str, pages: tuple[str, ...], times: int) -> None:
    program = find_chromium()
    if program is None:
        raise click.ClickException("this needs Chromium, in Debian the package `chromium`")
    with chromium(program) as browser:
        for page in pages:
            found: list[float] = []
            for _ in range(times):
                with profile(browser) as context:
                    opened = context.new_page()
                    opened.goto(f"http://{address}/{page}")
                    found += opened.evaluate(_MARK)
            if len(found) != times:
                raise click.ClickException(f"/{page} did not say when it could be used")
            click.echo(f"/{page}: median {statistics.median(found):.0f} ms, {min(found):.0f} to {max(found):.0f}")


if __name__ == "__main__":
    main()
