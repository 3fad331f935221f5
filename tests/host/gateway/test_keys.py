"""Each key of a gateway file in each engine: it has an effect, or the file is refused with its line."""

from __future__ import annotations

import asyncio
import copy
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.host.gateway.both import Engine
from tests.host.gateway.certificates import make

from proxywasm_host.gateway import GatewayFileError, read
from proxywasm_host.gateway.document import Place, parse
from proxywasm_host.gateway.engines import Key, keys_of, models_of
from proxywasm_host.gateway.envoy import bootstrap
from proxywasm_host.gateway.live.serving import run
from proxywasm_host.gateway.live.starting import start_plugins
from proxywasm_host.gateway.model import Gateway
from tools.gateway_file_page import PAGE, with_table

KEYS: Mapping[str, Key] = {key.name: key for key in keys_of(Gateway)}
PROBE = Path(__file__).parent / "live" / "plugins" / "probe.py"
CORS: Mapping[str, Any] = {
    "origins": ["https://a.test"],
    "methods": ["GET"],
    "headers": ["x-a"],
    "expose": ["x-b"],
    "credentials": True,
    "max_age": 60,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two of each file."""
    folder = tmp_path_factory.mktemp("files")
    pair = make(folder, "one")
    shutil.copy(pair.certificate, folder / "two.pem")
    shutil.copy(pair.key, folder / "two.key")
    for name in ("one", "two"):
        (folder / f"{name}.wasm").touch()
        shutil.copy(PROBE, folder / f"{name}.py")
    return folder


def everything(engine: Engine) -> dict[str, Any]:
    """A file with all keys that an engine has, none of them with its default."""
    found: dict[str, Any] = {
        "listen": "127.0.0.1:8081",
        "tls": {"certificate": "one.pem", "key": "one.key"},
        "workers": 2,
        "admin": "127.0.0.1:9901",
        "console": {"token_file": "one.key", "listen": "127.0.0.1:9903", "hosts": ["a.test"]},
        "access_log": True,
        "tracing": {
            "url": "http://10.0.0.2:4318/v1/traces",
            "service": "a",
            "sample": 0.5,
            "headers": {"authorization": "Bearer a"},
        },
        "trailers": True,
        "playground": True,
        "ca_file": "one.pem",
        "proxy": {"url": "http://127.0.0.1:3128", "authorization": "Basic YTpi"},
        "cors": CORS,
        "plugins": [
            {"name": "a", "module": "one.wasm", "config": {"a": 1}, "on_failure": "open", "sends_again": True},
            {"name": "b", "source": "one.py", "config": {"a": 1}, "on_failure": "open"},
        ],
        "routes": [
            {
                "name": "a",
                "match": {"path": "/a", "host": "a.test"},
                "upstream": "plain",
                "cors": {**CORS, "max_age": 61},
            },
            {"name": "b", "match": {"path_prefix": "/b/"}, "upstream": "plain"},
            {"name": "c"},
        ],
        "upstreams": {
            "plain": {"url": "http://10.0.0.1"},
            "secure": {"url": "https://10.0.0.1", "sni": "a.test", "ca_file": "one.pem", "proxy": False},
        },
        "limits": {
            "body": "1MiB",
            "headers": "8KiB",
            "connections": 7,
            "connect": 1,
            "request_head": 2,
            "request": 3,
            "first_byte": 4,
            "idle": 5,
            "total": 6,
            "keep_alive": 7,
            "drain": 0.01,
            "watchdog": 9,
        },
    }
    for key in KEYS.values():
        if not key.works_in(engine):
            for parent, name in places(found, key.name):
                del parent[name]
    if engine == "serve":
        found["plugins"].pop(0)
    return found


def places(content: Any, key: str) -> list[tuple[Any, Any]]:
    """Where a key stands: what it is in, and its name or index there."""
    first, _, rest = key.partition(".")
    if first == "*":
        names = list(content) if isinstance(content, dict) else list(range(len(content)))
    else:
        names = [first] if first in content else []
    if not rest:
        return [(content, name) for name in names]
    return [found for name in names for found in places(content[name], rest)]


OTHER: Mapping[str, Any] = {
    "listen": "127.0.0.1:8082",
    "tls.certificate": "two.pem",
    "tls.key": "two.key",
    "admin": "127.0.0.1:9902",
    "ca_file": "two.pem",
    "upstreams.*.ca_file": "two.pem",
    "plugins.*.module": "two.wasm",
    "plugins.*.source": "two.py",
    "plugins.*.config": {"a": 2},
    "plugins.*.on_failure": "closed",
    "plugins.*.name": "other",
    "routes": [{"name": "other"}],
    "upstreams": {"plain": "http://10.0.0.3", "secure": "https://b.test"},
    "routes.*.name": "other",
    "routes.*.match": {"path": "/other"},
    "routes.*.match.path": "/other",
    "routes.*.match.path_prefix": "/other/",
    "routes.*.match.host": "other.test",
    "routes.*.upstream": "secure",
    "upstreams.*.url": "https://10.0.0.2",
    "upstreams.*.sni": "other.test",
    "cors.origins": ["https://other.test"],
    "cors.methods": ["PUT"],
    "cors.headers": ["x-other"],
    "cors.expose": ["x-other"],
    "tracing.url": "http://10.0.0.9:4318/v1/traces",
    "tracing.sample": 0.25,
    "limits.body": "2MiB",
    "limits.headers": "9KiB",
}
"""Another value than in `everything`; numbers and truth values get one of themselves, and parts lose theirs."""
CONSOLE = {name for name in KEYS if name.partition(".")[0] == "console"}
"""Of a process beside Envoy, and in `serve` of the command: `console/` tries them."""
ELSEWHERE = {"workers", "limits.drain", *CONSOLE}
"""Of Envoy's command line, and of the command that ends it: `test_envoy.py` and `test_limits.py` try them."""
ALONE = {"console.token_env"}
"""Not together with other keys."""


def changed(value: Any, key: str) -> Any:
    general = key.removeprefix("routes.*.") if key.startswith("routes.*.cors.") else key
    if general in OTHER:
        return OTHER[general]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return None


def write(folder: Path, content: Mapping[str, Any]) -> Path:
    file = folder / "gateway.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return file


def envoys(folder: Path, content: Mapping[str, Any]) -> Any:
    gateway = read(write(folder, content), {}, engine="envoy")
    modules = {plugin.name: plugin.module or plugin.source or Path() for plugin in gateway.plugins}
    return bootstrap(gateway, modules, gateway.ca_file or Path("of the system"))


def test_the_page_has_the_keys_as_they_are() -> None:
    """`python -m tools.gateway_file_page` writes them."""
    page = PAGE.read_text()
    assert with_table(page) == page


def test_every_key_is_tried() -> None:
    for key in KEYS.values():
        engine: Engine = "serve" if key.works_in("serve") else "envoy"
        assert key.name in ALONE or places(everything(engine), key.name), key.name


@pytest.mark.parametrize("key", [name for name, key in KEYS.items() if key.works_in("envoy") and name not in ELSEWHERE])
def test_a_key_has_an_effect_in_envoy(key: str, folder: Path) -> None:
    before = everything("envoy")
    expected = envoys(folder, before)
    effects = []
    for place in range(len(places(before, key))):
        content = copy.deepcopy(before)
        parent, name = places(content, key)[place]
        if (other := changed(parent[name], key)) is None:
            del parent[name]
        else:
            parent[name] = other
        try:
            effects.append(envoys(folder, content) != expected)
        except GatewayFileError:
            continue  # this place has to have it
    assert any(effects)


@pytest.mark.parametrize(("key", "engine"), [(name, each.engine) for name, key in KEYS.items() for each in key.lacking])
def test_a_key_that_an_engine_lacks_is_refused_with_its_line(key: str, engine: Engine, folder: Path) -> None:
    file = write(folder, everything("envoy" if engine == "serve" else "serve"))
    while (above := key.rpartition(".")[0]) in KEYS and KEYS[above].lacking:
        key = above  # with which it is refused
    with pytest.raises(GatewayFileError) as caught:
        read(file, {}, engine=engine)
    (instead,) = {each.instead for each in KEYS[key].lacking}
    document = parse(file.read_text(), {})
    (place,) = (found for found in document.lines if general(found) == key)
    where = f"{file}:{document.line(place)}: {'.'.join(map(str, place))}"
    assert f"{where}: `proxywasm {engine}` has no such thing: {instead}" in str(caught.value).splitlines()


def general(place: Place) -> str:
    return ".".join("*" if index == 1 else str(step) for index, step in enumerate(place))


_OF_THE_COMMAND = {"listen", "workers", "admin", *CONSOLE}
"""Which reads them itself: `tests/host/cli/test_seen.py` and `console/` try them."""


def test_serve_reads_every_key_that_it_has(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file with all of them, while requests pass two routes."""
    found: set[tuple[str, str]] = set()
    content = everything("serve")
    del content["tls"]  # which `test_tls.py` tries
    content["tracing"]["sample"] = 0  # nobody takes them

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        await reader.read()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(proxy, "127.0.0.1", 0)
        content["proxy"]["url"] = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        gateway = read(write(folder, content), {}, engine="serve")
        note_reading(monkeypatch, found)
        plugins = start_plugins(gateway, native=True, on_log=lambda _: None)
        end, ready = asyncio.Event(), asyncio.Event()
        listening = socket.create_server(("127.0.0.1", 0))
        serving = asyncio.create_task(run(gateway, plugins, listening, end, lambda _: ready.set(), lambda _: None))
        await ready.wait()
        for path in ("/a", "/b/c"):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            head = f"GET {path} HTTP/1.1\r\nhost: a.test\r\norigin: https://a.test\r\nconnection: close\r\n\r\n"
            writer.write(head.encode())
            assert (await asyncio.wait_for(reader.read(), 30)).startswith(b"HTTP/1.1 200 ")
            writer.close()
        end.set()
        await serving
        server.close()
        await asyncio.sleep(0.01)

    asyncio.run(main())
    models = dict(models_of(Gateway))
    for name, key in KEYS.items():
        steps = tuple(name.split("."))
        if key.works_in("serve") and name not in _OF_THE_COMMAND and steps[:-1] != ("tls",):
            assert (models[steps[:-1]].__name__, steps[-1]) in found, name


def note_reading(monkeypatch: pytest.MonkeyPatch, found: set[tuple[str, str]]) -> None:
    """Which fields of the models are read from now on."""
    base = Gateway.__mro__[1]

    def get(self: Any, name: str) -> Any:
        found.add((type(self).__name__, name))
        return object.__getattribute__(self, name)

    monkeypatch.setattr(base, "__getattribute__", get, raising=False)
