"""Several processes that serve one port: a parent that supervises them (`supervisor`), and the workers (`child`).

Each worker has a listening socket of its own at the same address (`SO_REUSEPORT`). The system distributes connections
over these sockets by a hash: 1,000 connections over two workers as 500 to 500 or so. From one socket that all workers
listen to, the first that wakes up takes what is there: of 16 connections that came together, all 16. The parent holds
all sockets, too, so connections to a worker that has died wait for the one that takes its place.
"""
