"""What the plugins that protect model services share: the consumer of a request, errors in the client's protocol, and
the tokens that an answer has used.
"""

from .consumer import CONSUMER, LONGEST_NAME, consumer_of
from .errors import refuse
from .usage import Usage, UsageReader

__all__ = ["CONSUMER", "LONGEST_NAME", "Usage", "UsageReader", "consumer_of", "refuse"]
