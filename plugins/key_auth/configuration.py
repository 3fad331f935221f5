"""The configuration: consumers with their keys, and who may use which route. Its keys are those of Higress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from proxywasm import ConfigError, config

from .keyring import HASH_PREFIX, Keyring, stored_digest
from .presented import Sources, without_bearer

_NAME: Final = config.Pattern(
    r"^[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]{0,198}[^\x00-\x20\x7f])?(?![\s\S])",
    "must have 1 to 200 characters, no control characters, and no space at an end",
)
_TOKEN: Final = config.Pattern(
    r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}(?![\s\S])", "must be the name of a header: letters, digits, dashes"
)
_REALM: Final = config.Pattern(
    r"^[ !#-\[\]-~]*(?![\s\S])", "must have printable ASCII without quotation marks and backslashes"
)
DEFAULT_NAMES: Final = ("authorization", "x-api-key")


@dataclass(frozen=True, kw_only=True)
class Consumer:
    name: str = config.key(
        "The consumer's name. A consumer may have several entries, with one key each", patterns=(_NAME,)
    )
    credential: str = config.key(
        "The consumer's key, or `sha256:` and the SHA-256 of the key as 64 hexadecimal digits. `Bearer ` at its "
        "beginning does not count",
        secret=True,
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Lets in clients that have a key. What a client gets without one is an error in its own protocol."""

    consumers: tuple[Consumer, ...] = config.key("Who may call, and with which key")
    keys: tuple[str, ...] = config.key(
        "Names of the headers, or of the parameters of the query, in which clients send their key. For `authorization` "
        "the key is what follows `Bearer`",
        default=DEFAULT_NAMES,
        patterns=(_TOKEN,),
    )
    in_header: bool = config.key("Whether keys are looked for in headers", default=True)
    in_query: bool | None = config.key(
        "Whether keys are looked for in the query. Queries are written to logs in many places. By default they are if "
        "the key `keys` is given, as in Higress",
        default=None,
    )
    global_auth: bool | None = config.key(
        "true: every request needs a key. false: only those with a rule that has `allow`. By default every request "
        "needs one if no rule has `allow`, as in Higress",
        default=None,
    )
    allow: tuple[str, ...] = config.key(
        "Names of the consumers that may call where no rule applies. By default all may", default=()
    )
    realm: str = config.key("What `www-authenticate` calls the gateway", default="gateway", patterns=(_REALM,))


@dataclass(frozen=True, kw_only=True)
class RuleSettings:
    """A rule: who may call on a route or a domain."""

    allow: tuple[str, ...] = config.key("Names of the consumers that may call")


class Gate:
    """What is known for all routes."""

    __slots__ = ("all_need_keys", "challenge", "has_rules", "keyring", "names", "sources")

    def __init__(self, settings: Settings) -> None:
        in_query = settings.keys is not DEFAULT_NAMES if settings.in_query is None else settings.in_query
        self.sources: Final = Sources(settings.keys, in_header=settings.in_header, in_query=in_query)
        self.names: Final = frozenset(consumer.name for consumer in settings.consumers)
        self.keyring: Final = Keyring(_digests(settings.consumers))
        self.all_need_keys: Final = settings.global_auth
        self.has_rules = False
        self.challenge: Final = ("www-authenticate", f'Bearer realm="{settings.realm}"')


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call on a route."""

    gate: Gate
    allowed: frozenset[str] | None
    """None: all consumers, and those without a key where none is needed."""

    @property
    def needs_key(self) -> bool:
        if self.allowed is not None:
            return True
        gate = self.gate
        return not gate.has_rules if gate.all_need_keys is None else gate.all_need_keys


def parse(settings: Settings) -> Access:
    """Raises `ConfigError`."""
    problems = list(_problems(settings))
    if problems:
        raise ConfigError("\n".join(problems))
    return Access(Gate(settings), frozenset(settings.allow) or None)


def parse_rule(rule: RuleSettings, base: Access | None) -> Access:
    """Raises `ConfigError`."""
    if base is None:
        # Without it a broken global part would let in whoever no rule is for.
        raise ConfigError("allow: rules need valid `consumers` outside of `_rules_`")
    if not rule.allow:
        raise ConfigError("allow: must name at least one consumer")
    if problems := list(_unknown(rule.allow, base.gate.names)):
        raise ConfigError("\n".join(problems))
    base.gate.has_rules = True
    return replace(base, allowed=frozenset(rule.allow))


def _problems(settings: Settings) -> Iterator[str]:
    if not settings.consumers:
        yield "consumers: must have at least one consumer"
    if not settings.keys:
        yield "keys: must have at least one name"
    if not settings.in_header and settings.in_query is False:
        yield "in_header: one of in_header and in_query must be true"
    digests: list[bytes] = []
    for index, consumer in enumerate(settings.consumers):
        try:
            digests.append(_digest(consumer))
        except ValueError as error:
            yield f"consumers[{index}].credential: {error}"
            digests.append(b"%d" % index)
    several = Counter(digests)
    for index, digest in enumerate(digests):
        if several[digest] > 1 and (first := digests.index(digest)) != index:
            yield f"consumers[{index}].credential: is the same key as that of consumers[{first}]"
    if settings.allow and settings.global_auth is False:
        yield "allow: cannot be combined with global_auth: false; without a rule no request would need a key"
    yield from _unknown(settings.allow, {consumer.name for consumer in settings.consumers})


def _unknown(allow: Iterable[str], names: Iterable[str]) -> Iterator[str]:
    for index, name in enumerate(allow):
        if name not in names:
            yield f"allow[{index}]: there is no consumer {name!r}{config.did_you_mean(name, names)}"


def _digest(consumer: Consumer) -> bytes:
    credential = consumer.credential
    return stored_digest(credential if credential.startswith(HASH_PREFIX) else without_bearer(credential))


def _digests(consumers: Iterable[Consumer]) -> Iterator[tuple[bytes, str]]:
    for consumer in consumers:
        yield _digest(consumer), consumer.name
