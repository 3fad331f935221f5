"""HTTP/1.1 for the live gateway, on asyncio: reading by llhttp (`httptools`), writing here, connections both ways.

    reading   bytes to heads, bodies and trailers; refuses what two readers could understand differently
    writing   heads and bodies to bytes
    server    a client's connection: one exchange after the other, limits, keep-alive, upgrades
    upstream  a connection to a server: one exchange after the other

Nothing in here knows of plugins or routes.
"""
