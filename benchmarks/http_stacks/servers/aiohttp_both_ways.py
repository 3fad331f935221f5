"""aiohttp as server and as client: takes its port and that of the upstream."""

from __future__ import annotations

import sys

import aiohttp
from aiohttp import web

from .asgi_client import DROPPED, session

_CLIENT = web.AppKey("client", aiohttp.ClientSession)
_UPSTREAM = web.AppKey("upstream", str)


async def _pass(request: web.Request) -> web.StreamResponse:
    upstream = request.app[_UPSTREAM]
    headers = [(name, value) for name, value in request.headers.items() if name.lower() not in DROPPED]
    body = request.content if request.body_exists else None
    async with request.app[_CLIENT].request(
        request.method, upstream + request.raw_path, headers=headers, data=body, allow_redirects=False
    ) as answer:
        response = web.StreamResponse(status=answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in DROPPED:
                response.headers.add(name, value)
        if answer.content_length is not None:
            response.content_length = answer.content_length
        await response.prepare(request)
        async for data in answer.content.iter_any():
            await response.write(data)
        await response.write_eof()
        return response


def main(port: int, upstream: int) -> None:
    app = web.Application(client_max_size=2**26)
    app[_UPSTREAM] = f"http://127.0.0.1:{upstream}"
    app.router.add_route("*", "/{path:.*}", _pass)

    async def start(app: web.Application) -> None:
        app[_CLIENT] = session()

    app.on_startup.append(start)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
