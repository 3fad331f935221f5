"""What the plugins that protect model services share: the consumer of a request, errors in the client's protocol, and
the tokens that an answer has used.
"""

from .consumer import CONSUMER, consumer_of
from .errors import refuse
from .usage import Usage, UsageReader

__all__ = ["CONSUMER", "Usage", "UsageReader", "consumer_of", "refuse"]
