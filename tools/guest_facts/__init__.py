"""Find out what works inside components.

`python -m tools.guest_facts` replaces `proxywasm_host/checking/guest/facts.json`.
"""
