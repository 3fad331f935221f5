"""Key files of Google's service accounts, as they are in the configuration.

Source: developers.google.com/identity/protocols/oauth2/service-account.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from proxywasm.config import Invalid

from ...wire import private_key
from ...wire.json import loads
from ...wire.private_key import PrivateKey

_TOKEN_URI: Final = "https://oauth2.googleapis.com/token"  # noqa: S105  # an address


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """The key file of a service account."""

    email: str
    key_id: str
    key: PrivateKey | None
    token_uri: str
    secrets: tuple[str, ...] = field(repr=False)
    """The private key as text, with and without line breaks."""

    fault: str = ""
    """What is wrong with the key file; requests with this account fail."""

    @classmethod
    def read(cls, text: str) -> ServiceAccount:
        """The original starts with a key file that cannot be used, too."""
        try:
            return cls._read(text)
        except Invalid as error:
            return cls("", "", None, _TOKEN_URI, (), str(error))

    @classmethod
    def _read(cls, text: str) -> ServiceAccount:
        """Raises `Invalid`, which quotes nothing of the file."""
        try:
            document = loads(text)
        except ValueError:
            raise Invalid("must be the JSON key file of a service account") from None
        if not isinstance(document, dict):
            raise Invalid("must be the JSON key file of a service account")
        for name in ("client_email", "private_key"):
            if not isinstance(document.get(name), str) or not document[name]:
                raise Invalid(f"the key file has no {name}")
        try:
            key = private_key.load(document["private_key"])
        except ValueError as error:
            raise Invalid(f"the private_key of the key file cannot be used: {error}") from None
        token_uri = document.get("token_uri") or _TOKEN_URI
        if not isinstance(token_uri, str) or not token_uri.startswith("https://"):
            raise Invalid("the token_uri of the key file must begin with https://")
        lines = [line.strip() for line in document["private_key"].splitlines() if not line.startswith("-----")]
        secrets = "\n".join(lines).strip(), "".join(lines)
        return cls(document["client_email"], str(document.get("private_key_id") or ""), key, token_uri, secrets)

    def fingerprint(self) -> str:
        """Different for each account and key."""
        return hashlib.sha256(f"{self.email}\0{self.key_id}\0{self.key.n if self.key else 0}".encode()).hexdigest()[:32]
