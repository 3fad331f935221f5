"""Where a gateway comes from: a gateway file, or what a command makes of its arguments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .document import Problem
from .engines import Engine
from .model import Gateway
from .reader import GatewayFileError, problems_in, read


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
        return problems_in(self.path, problems)
