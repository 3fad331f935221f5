"""The client's headers that are not sent to the model service."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

OF_SERVICES: Final = frozenset({"authorization", "x-api-key", "x-authorization", "api-key", "x-goog-api-key"})
"""Headers in which clients of model services send their key."""

CREDENTIALS: Final = OF_SERVICES | {
    # Keys and tokens for gateways and other services.
    "access-token", "apikey", "auth-token", "ocp-apim-subscription-key", "private-token", "proxy-authorization",
    "subscription-key", "token", "x-access-token", "x-api-token", "x-apikey", "x-auth", "x-auth-key", "x-auth-token",
    "x-client-secret", "x-functions-key", "x-id-token", "x-jwt", "x-jwt-assertion", "x-rapidapi-key",
    "x-refresh-token", "x-session-token", "x-token", "x-user-token", "x-vault-token",
    # Sessions of browsers.
    "cookie", "cookie2", "x-csrf-token", "x-csrftoken", "x-xsrf-token",
    # Temporary credentials of clouds.
    "x-amz-security-token", "x-goog-iam-authorization-token", "x-ms-token-aad-access-token",
    "x-ms-token-aad-id-token", "x-ms-token-aad-refresh-token",
    # Headers in which gateways and proxies identify an authenticated client.
    "cf-access-client-id", "cf-access-client-secret", "cf-access-jwt-assertion", "x-amzn-oidc-accesstoken",
    "x-amzn-oidc-data", "x-amzn-oidc-identity", "x-auth-request-access-token", "x-auth-request-email",
    "x-auth-request-user", "x-consumer-custom-id", "x-consumer-id", "x-consumer-username", "x-credential-identifier",
    "x-forwarded-access-token", "x-forwarded-client-cert", "x-goog-authenticated-user-email",
    "x-goog-authenticated-user-id", "x-goog-iap-jwt-assertion", "x-ms-client-principal", "x-ms-client-principal-id",
    "x-ms-client-principal-name", "x-mse-consumer",
}  # fmt: skip
"""Headers that contain credentials of the client or identify it. The model service must not get them."""

ORIGINAL_HOST: Final = "x-envoy-original-host"
ORIGINAL_PATH: Final = "x-envoy-original-path"

_IN_ANY_CASE: Final = frozenset(
    {
        "content-length",  # It changes with the body.
        "accept-encoding",  # Answers have to come uncompressed, because the plugin reads them.
        ORIGINAL_HOST,  # Only the gateway sets these two.
        ORIGINAL_PATH,
        "x-hi-original-auth",  # The client's credential, as an earlier filter of the gateway has stored it.
    }
)


def removed(forwarded: Collection[str], *, keys_stay: bool) -> frozenset[str]:
    """The headers to remove. `keys_stay`: keep the headers in which a service may expect the client's own key."""
    credentials = CREDENTIALS - OF_SERVICES if keys_stay else CREDENTIALS
    return _IN_ANY_CASE | credentials.difference(forwarded)
