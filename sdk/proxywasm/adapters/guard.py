"""Import this before the plugin: what plugins must not use names the rule from here on."""

from ..core.running import guard_sleep

guard_sleep()
