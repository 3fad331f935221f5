"""A gateway without a file: one plugin in front of one upstream, for `proxywasm dev`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from ..reading import read_text
from .document import Document, Place, Problem, parse
from .engines import Engine
from .model import Gateway, Upstream
from .reader import GatewayFileError
from .values import Address, Origin

_SOURCE: Final[Place] = ("plugins", 0, "source")
_CONFIG: Final[Place] = ("plugins", 0, "config")
_LARGEST: Final = 2**20


def server_of(url: str) -> Origin:
    """Raises `ValueError` with what is wrong."""
    try:
        return Upstream.model_validate({"url": url}).url
    except ValidationError as error:
        raise ValueError(str(error.errors()[0].get("ctx", {}).get("error", error.errors()[0]["msg"]))) from None


class PluginGateway:
    """A `GatewaySource`.

    Args:
        config: a file with the plugin's configuration, JSON or YAML; without it the configuration is `{}`.
        upstream: its name and its URL.
    """

    engine: Engine = "serve"

    def __init__(self, plugin: Path, config: Path | None, listen: Address, upstream: tuple[str, str]) -> None:
        self._plugin = plugin
        self._source = plugin.absolute()
        """With a name, also for the folder that one is in."""
        self._config = config
        self._listen = listen
        self._upstream = upstream

    def __str__(self) -> str:
        return str(self._plugin)

    @property
    def files(self) -> frozenset[Path]:
        return frozenset([self._plugin] if self._config is None else [self._plugin, self._config])

    def read(self) -> Gateway:
        if not self._plugin.exists():
            raise GatewayFileError(f"{self._plugin}: is not there any more")
        name, url = self._upstream
        plugin = {"name": self._source.resolve().stem, "source": str(self._source), "config": self._read_config()}
        return Gateway.model_validate({
            "listen": str(self._listen),
            "access_log": True,
            "plugins": [plugin],
            "routes": [{"name": "all", "upstream": name}],
            "upstreams": {name: url},
        })  # fmt: skip

    def _read_config(self) -> dict[str, Any]:
        document = self._document()
        if document.problems:
            raise self._error(document, document.problems)
        if not isinstance(document.value, dict):
            raise GatewayFileError(f'{self._config}:1: expected keys and values, such as {{"name": "you"}}')
        return document.value

    def _document(self) -> Document:
        if self._config is None:
            return Document({})
        return parse(read_text(self._config, GatewayFileError, _LARGEST), os.environ)

    def error(self, problems: Iterable[Problem]) -> GatewayFileError:
        return self._error(self._document(), (self._in_config(problem) for problem in problems))

    def _in_config(self, problem: Problem) -> Problem:
        inside = problem.place[: len(_CONFIG)] == _CONFIG
        return Problem(0, problem.place[len(_CONFIG) :], problem.message) if inside else problem

    def _error(self, document: Document, problems: Iterable[Problem]) -> GatewayFileError:
        return GatewayFileError("\n".join(self._line(document, problem) for problem in problems))

    def _line(self, document: Document, problem: Problem) -> str:
        if problem.place == _SOURCE:
            return f"{self._plugin}: {problem.message}"
        key = "".join(f"{step}." for step in problem.place)[:-1]
        message = f"{key}: {problem.message}" if key else problem.message
        if self._config is None:
            return f"{self._plugin}: the configuration {{}}: {message}; give one with --config FILE"
        return f"{self._config}:{document.line(problem.place)}: {message}"
