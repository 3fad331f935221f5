"""Where a gateway comes from: a gateway file, or what a command makes of its arguments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .document import Problem
from .engines import Engine
from .model import Gateway
from .reader import GatewayFileError, file_text, gateway_of, problems_in, read


class GatewaySource(Protocol):
    """It is read again and again while its gateway runs. Its text names it in messages."""

    @property
    def engine(self) -> Engine: ...

    @property
    def files(self) -> frozenset[Path]:
        """What it is made of, besides the files that the gateway names."""

    def read(self) -> Gateway:
        """Raises `GatewayFileError`."""

    def error(self, problems: Iterable[Problem]) -> GatewayFileError:
        """For problems that were found after `read`; their lines do not count."""


@dataclass(frozen=True)
class GatewayFile:
    path: Path
    engine: Engine

    def __str__(self) -> str:
        return str(self.path)

    @property
    def files(self) -> frozenset[Path]:
        return frozenset([self.path])

    def read(self) -> Gateway:
        return read(self.path, engine=self.engine)

    def error(self, problems: Iterable[Problem]) -> GatewayFileError:
        return problems_in(file_text(self.path), self.path, problems)


@dataclass(frozen=True)
class GatewayText:
    """A text that may come into the file of this path, as long as it is not there."""

    text: str
    path: Path
    engine: Engine

    def __str__(self) -> str:
        return str(self.path)

    @property
    def files(self) -> frozenset[Path]:
        return frozenset()

    def read(self) -> Gateway:
        return gateway_of(self.text, self.path, engine=self.engine)

    def error(self, problems: Iterable[Problem]) -> GatewayFileError:
        return problems_in(self.text, self.path, problems)
