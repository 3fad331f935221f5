"""Entry point of a component of the worlds `proxy-wasm` and `proxy-wasm-higress`.

`componentize-py` compiles this module; it is the only one that imports the generated bindings of these worlds. The
build writes the module `proxywasm_plugin`, which holds the author's plugin.
"""

# ruff: noqa: ARG002  # methods have the signatures of the world

from __future__ import annotations

import proxywasm.adapters.guard  # noqa: F401  # before the plugin is loaded

# isort: split
import wit_world
from componentize_py_types import Err
from proxywasm_plugin import plugin
from wit_world.imports import host

try:
    from wit_world.imports import redis
except ImportError:
    redis = None  # the world of ABI 0.2.1 has none

from proxywasm.abi.machine import Machine
from proxywasm.adapters.instance import settle

_machine = Machine(plugin, host, redis, Err)


class WitWorld(wit_world.WitWorld):  # type: ignore[misc]  # generated at build, unknown to the type checker
    """The exports of the world. componentize-py makes a new instance for each call, so everything lasting is outside.

    Whatever is raised has been dealt with before it gets here, see `abi.root.Root.message`: it would trap.
    """

    # What every stream has is the machine's own method: a call in between would be a fiftieth of such a callback.
    on_request_headers = _machine.request_headers
    on_request_body = _machine.request_body
    on_response_headers = _machine.response_headers
    on_response_body = _machine.response_body
    on_log = _machine.log
    on_delete = _machine.delete

    def on_vm_start(self, context: int, configuration_size: int) -> bool:
        return True

    def on_configure(self, context: int, configuration_size: int) -> bool:
        return _machine.configure(context, configuration_size)

    def on_context_create(self, context: int, parent: int) -> None:
        _machine.context_create(context, parent)

    def on_request_trailers(self, context: int, count: int) -> int:
        return _machine.request_trailers(context)

    def on_response_trailers(self, context: int, count: int) -> int:
        return _machine.response_trailers(context)

    def on_tick(self, context: int) -> None:
        _machine.tick(context)

    def on_http_call_response(
        self, context: int, call: int, header_count: int, body_size: int, trailer_count: int
    ) -> None:
        _machine.http_call_response(context, call, header_count, body_size)

    def on_foreign_function(self, context: int, function: int, size: int) -> None:
        """Nothing to do: the functions that a plugin can call answer at once."""

    def on_redis_call_response(self, context: int, call: int, status: int, size: int) -> None:
        _machine.redis_call_response(context, call, status, size)


settle()
