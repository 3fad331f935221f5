"""Several workers of `proxywasm serve`: what they could share their data in, and how much memory they take.

stores    the candidates for shared data, in one process and in several
memory    workers with and without streams
"""
