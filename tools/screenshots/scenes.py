"""What a picture shows, and the windows that it is taken in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

from playwright.sync_api import Page

from tools.chromium import Language, Scheme


@dataclass(frozen=True, slots=True)
class Scene:
    """Attributes:
    name: of its files.
    path: of the page.
    prepare: brings the opened page into the state to show.
    """

    name: str
    path: str
    prepare: Callable[[Page, Language], None]


@dataclass(frozen=True, slots=True)
class Server:
    """`start` runs what serves the pages, and yields its address."""

    start: Callable[[], AbstractContextManager[str]]
    scenes: tuple[Scene, ...]


class Window(NamedTuple):
    size: str
    width: int
    height: int
    scheme: Scheme
    lang: Language

    def file(self, scene: Scene) -> str:
        language = "" if self.lang == "en" else f"-{self.lang}"
        return f"{scene.name}-{self.size}-{self.scheme}{language}.png"


_SIZES: Final[tuple[tuple[str, int, int], ...]] = (("wide", 1280, 800), ("narrow", 375, 740))
_SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
WINDOWS: Final = (
    *(Window(*size, scheme, "en") for size, scheme in product(_SIZES, _SCHEMES)),
    Window(*_SIZES[0], "light", "zh"),
)
