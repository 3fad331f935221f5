"""User attributes: values of a stream for the access log and for tracing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from . import checks, log
from .core.stream_state import StreamState
from .helpers import marshal_str, unmarshal_str
from .text import encode

CUSTOM_LOG = "custom_log"
AI_LOG = "ai_log"
"""The key that ai-statistics and the other AI plugins of Higress write to."""
TRACE_SPAN_TAG = "trace_span_tag."


class UserAttributes(StreamState):
    """The part of `HttpContext` that deals with user attributes."""

    __slots__ = ()

    def get_property(self, *path: str) -> bytes | None:
        raise NotImplementedError

    def set_property(self, path: str | Iterable[str], value: bytes) -> None:
        raise NotImplementedError

    def set_user_attribute(self, key: str, value: Any) -> None:
        """A value that JSON can express."""
        checks.text(key, "the name of a user attribute")
        self.get_user_attribute_map()[key] = value

    def get_user_attribute(self, key: str, default: Any = None) -> Any:
        return default if self._attributes is None else self._attributes.get(key, default)

    def set_user_attribute_map(self, attributes: Mapping[str, Any]) -> None:
        """Replace all of them."""
        if not isinstance(attributes, Mapping):
            raise TypeError(f"user attributes are a mapping, got {type(attributes).__name__}")
        self._attributes = dict(attributes)

    def get_user_attribute_map(self) -> dict[str, Any]:
        """All attributes; changes of this dictionary change the attributes."""
        if self._attributes is None:
            self._attributes = {}
        return self._attributes

    def write_user_attribute_to_log(self) -> None:
        """Add them to what the access log shows as `custom_log`."""
        self.write_user_attribute_to_log_with_key(CUSTOM_LOG)

    def write_user_attribute_to_log_with_key(self, key: str) -> None:
        """Add them to the filter state `key`: a JSON object, escaped so that it can stand in a JSON string.

        What another plugin has written there stays, apart from attributes of the same name.
        """
        merged: dict[str, Any] = {}
        if before := self.get_property(key):
            try:
                merged = dict(json.loads(unmarshal_str(before.decode())))
            except (ValueError, TypeError) as error:
                log.warn("%s is overwritten, it is not an escaped JSON object (%s): %s", key, error, before)
        document = json.dumps(merged | self.get_user_attribute_map(), ensure_ascii=False, separators=(",", ":"))
        self.set_property(key, encode(marshal_str(document)))

    def set_unchecked_property(self, path: tuple[str, ...], value: bytes) -> None:
        """`set_property` for plugins that save instructions: nothing is checked, so the names must be valid text."""
        self._owner.unchecked_host.set_property(self._id, path, value)

    def write_user_attribute_to_trace(self) -> None:
        """Add each as a tag of the trace span; empty ones are left out, as a span cannot show them."""
        for key, value in self.get_user_attribute_map().items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            if text:
                self.set_property(TRACE_SPAN_TAG + key, encode(text))
            else:
                log.warn("the attribute %s is empty and not added to the trace", key)
