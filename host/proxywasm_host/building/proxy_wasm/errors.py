"""Errors of the lowering."""


class LoweringError(Exception):
    """The component was not lowered. The message is for people: what is missing or wrong, and what to do."""
