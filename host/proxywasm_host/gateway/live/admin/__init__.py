"""What the gateway says of itself, on the address `admin` of the gateway file.

pages       /metrics, /healthz, /readyz and /config over HTTP
exposition  metrics in Prometheus' text format
"""
