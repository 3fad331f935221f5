"""What happens now, of all workers.

log        the latest lines of a process
rows       a stream as the page shows it
models     the models that a stream asks for, read from its request
observing  what one process knows: asked for by `peers`
peers      the processes of a gateway, and how each is asked
samples    metrics over time
state      what plugins keep: tokens, breakers, quotas
feed       all of it for the API, at once and as events
"""
