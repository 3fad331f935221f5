"""HAR files, which browsers' tools and proxies write and read: <http://www.softwareishard.com/blog/har-12-spec/>."""

from .reading import HarError, load_har
from .writing import dump_har

__all__ = ["HarError", "dump_har", "load_har"]
