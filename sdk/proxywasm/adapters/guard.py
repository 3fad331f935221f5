"""Import this before the plugin: what plugins must not use names the rule from here on."""

from ..runtime import guard_sleep

guard_sleep()
