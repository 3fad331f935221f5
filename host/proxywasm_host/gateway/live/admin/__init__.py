"""What the gateway says of itself, on the address `admin` of the gateway file.

pages       /metrics, /healthz and /readyz over HTTP
exposition  metrics in Prometheus' text format
"""
