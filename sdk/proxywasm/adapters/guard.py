"""Import this before the plugin: it makes forbidden functions raise errors that name the rule."""

from ..core.running import guard_sleep

guard_sleep()
