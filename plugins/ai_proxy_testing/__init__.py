"""Validators for authors of providers and client protocols: the documented rules of services' requests, and those of
answers and streams for clients.

They know nothing of ai-proxy: each rule is written down from a service's documentation. Components never contain this
package.

>>> request_problems("anthropic", {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": " "}]})
['messages[0].content: must have a visible character']
"""

from .answers import answer_problems, error_problems, stream_problems
from .requests import SERVICES, request_problems

__all__ = ["SERVICES", "answer_problems", "error_problems", "request_problems", "stream_problems"]
