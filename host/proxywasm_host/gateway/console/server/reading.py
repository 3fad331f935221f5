"""The paths that tell what serves, and what the file says."""

from __future__ import annotations

import asyncio
from typing import Any

from ...document import parse
from ...engines import keys_of
from ...model import Gateway
from ...reader import GatewayFileError, gateway_of
from ...yaml_nodes import YamlError
from ..changes.writing import FileText, is_writable, read_file
from ..context import Console
from ..texts.source import Source
from .api import Routes, problem
from .http import Request


def routes(console: Console) -> Routes:
    async def about(_: Request) -> Any:
        editing = console.editing
        return {
            "engine": console.engine,
            "version": console.version,
            "file": str(editing.path),
            "writable": is_writable(editing.path),
            "workers": console.workers,
            "native": editing.native,
            "listen": console.url,
            "started": console.started,
            "reload": console.reload(),
            "features": console.features,
        }

    async def gateway(_: Request) -> Any:
        return await asyncio.to_thread(_serving, console)

    async def file(_: Request) -> Any:
        return await asyncio.to_thread(lambda: _described(console, read_file(console.editing.path)))

    async def schema(_: Request) -> Any:
        return await asyncio.to_thread(_schemas, console)

    return {("GET", "about"): about, ("GET", "gateway"): gateway, ("GET", "file"): file, ("GET", "schema"): schema}


def _serving(console: Console) -> Any:
    effective = console.editing.effective()
    declared = console.editing.declarations.of(console.reloader.gateway)
    plugins = [
        {"index": index, **plugin, "has_schema": found.schema is not None}
        for index, (plugin, found) in enumerate(zip(effective["plugins"], declared, strict=True))
    ]
    return {
        "generation": console.reloader.status.generation,
        "routes": effective["routes"],
        "plugins": plugins,
        "upstreams": effective["upstreams"],
        "effective": effective,
    }


def _described(console: Console, file: FileText) -> Any:
    editing = console.editing
    shown = editing.masked(file.text)
    return {
        "path": str(editing.path),
        "etag": file.etag,
        "text": shown.text,
        "writable": is_writable(editing.path),
        "problems": [*map(problem, editing.problems_of(file.text, shown.text))],
        "is_serving": _is_serving(console, file.text),
        "secrets": [
            {"placeholder": placeholder, "key": ".".join(map(str, place)), "place": [*place], "line": line}
            for placeholder, place, line in shown.found
        ],
        "plugins": [*_plugins(shown.text)],
    }


def _is_serving(console: Console, text: str) -> bool:
    try:
        return gateway_of(text, console.editing.path, engine=console.engine) == console.reloader.gateway
    except GatewayFileError:
        return False


def _plugins(shown: str) -> Any:
    """The plugins' configurations as they are written, with placeholders."""
    try:
        content = Source(shown).value
    except YamlError:
        return
    lines = parse(shown, {})
    plugins = content.get("plugins") if isinstance(content, dict) else None
    for index, plugin in enumerate(plugins if isinstance(plugins, list) else ()):
        if isinstance(plugin, dict):
            line = lines.line(("plugins", index))
            yield {"index": index, "name": plugin.get("name"), "line": line, "config": plugin.get("config", {})}


def _schemas(console: Console) -> Any:
    gateway = console.reloader.gateway
    declared = console.editing.declarations.of(gateway)
    return {
        "keys": [
            {"name": key.name, "about": key.about, "default": key.default, "works": key.works_in(console.engine)}
            for key in keys_of(Gateway)
        ],
        "plugins": [
            {"index": index, "name": plugin.name, "schema": found.schema, "reason": found.reason}
            for index, (plugin, found) in enumerate(zip(gateway.plugins, declared, strict=True))
        ],
    }
