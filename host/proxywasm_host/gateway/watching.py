"""Which files a gateway is made of, and whether they have changed.

Files are looked at again and again: that works on every file system, and where links to folders are replaced, as
Kubernetes does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from ..building.staging import StagingError, collect
from .model import Gateway
from .source import GatewaySource

State: TypeAlias = Mapping[Path, tuple[int, ...] | None]
"""What the system says of each file; None: it is not there, or may not be looked at."""


def look(files: Iterable[Path]) -> dict[Path, tuple[int, ...] | None]:
    return {file: _state(file) for file in files}


def _state(file: Path) -> tuple[int, ...] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev


def files_of(source: GatewaySource, gateway: Gateway) -> frozenset[Path]:
    """What the gateway is read from, what it names, and what the sources of its plugins import."""
    return source.files | frozenset(_named(gateway))


def source_folders(gateway: Gateway) -> frozenset[Path]:
    """The folders where plugins look for their modules: they change when a file comes or goes."""
    sources = [plugin.source.resolve() for plugin in gateway.plugins if plugin.source is not None]
    return frozenset(folder for source in sources for folder in (source, source.parent) if folder.is_dir())


def _named(gateway: Gateway) -> Iterator[Path]:
    for plugin in gateway.plugins:
        if plugin.module is not None:
            yield plugin.module
        if plugin.source is not None:
            yield plugin.source
            try:
                yield from collect(plugin.source).files.values()
            except StagingError:  # what is wrong with it, the build says
                continue
    if gateway.tls is not None:
        yield from (gateway.tls.certificate, gateway.tls.key)
    for ca_file in (gateway.ca_file, *(upstream.ca_file for upstream in gateway.upstreams.values())):
        if ca_file is not None:
            yield ca_file
