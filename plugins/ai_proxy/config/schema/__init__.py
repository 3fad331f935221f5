"""Configuration keys as a declarative table, and everything that follows from it inside of the plugin.

A settings class is a dataclass whose fields say all that is to be known about their keys (`key`), and whose `rules`
say what holds between them. From this one source come the values, the messages and, outside of the component, the
documentation and the JSON Schema (`ai_proxy_docs`).
"""

from .between import apply_rules
from .keys import Key, Kind, Text, default_of, json_name, key, keys_of, rules_of
from .problems import Fault, Problem, nearest
from .reading import read
from .rules import ALWAYS, All, Apart, Condition, Given, Idle, Is, Need, Not, Rule

__all__ = [
    "ALWAYS",
    "All",
    "Apart",
    "Condition",
    "Fault",
    "Given",
    "Idle",
    "Is",
    "Key",
    "Kind",
    "Need",
    "Not",
    "Problem",
    "Rule",
    "Text",
    "apply_rules",
    "default_of",
    "json_name",
    "key",
    "keys_of",
    "nearest",
    "read",
    "rules_of",
]
