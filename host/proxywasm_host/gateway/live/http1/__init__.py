"""HTTP/1.1 for the live gateway, on asyncio: reading by llhttp (`httptools`), writing here, connections both ways.

    messages   what is read: heads, who gets the parts of a message, why one is refused
    reading    bytes to heads, bodies and trailers; refuses what two readers could understand differently
    requests   the same for requests, `responses` for responses
    writing    heads and bodies to bytes
    sockets    what connections of both sides have in common
    server     a client's connection: one exchange after the other, limits, keep-alive, upgrades
    upstream   a connection to a server: one exchange after the other

Nothing in here knows of plugins or routes.
"""
