"""HTTP stacks that a gateway in Python could be built on, side by side: each passes requests through unchanged.

pip install -r benchmarks/http_stacks/requirements.txt
python -m benchmarks.http_stacks [--seconds N] [--json FILE]
"""
