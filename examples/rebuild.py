"""Asks for a fresh instance after 1000 requests or at 100 MB: the wrapper's `rebuild-example`."""

from typing import Any

from proxywasm import HttpContext, Plugin, log

plugin: Plugin[dict[str, Any]] = Plugin("rebuild", rebuild_after_requests=1000, rebuild_max_memory=100 * 1024 * 1024)


@plugin.on_request_headers
def request_headers(ctx: HttpContext, config: dict[str, Any]) -> None:
    memory = ctx.get_property("plugin_vm_memory")
    if memory is not None:
        log.info("memory in use: %d bytes", int.from_bytes(memory, "little"))
    ctx.request_headers.add("x-plugin-processed", "true")
