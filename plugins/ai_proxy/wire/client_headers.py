"""The headers of a client that do not go to the model service."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

OF_SERVICES: Final = frozenset({"authorization", "x-api-key", "x-authorization", "api-key", "x-goog-api-key"})
"""Where clients of model services have their key."""

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
    # What gateways and proxies say of the client that they have let in.
    "cf-access-client-id", "cf-access-client-secret", "cf-access-jwt-assertion", "x-amzn-oidc-accesstoken",
    "x-amzn-oidc-data", "x-amzn-oidc-identity", "x-auth-request-access-token", "x-auth-request-email",
    "x-auth-request-user", "x-consumer-custom-id", "x-consumer-id", "x-consumer-username", "x-credential-identifier",
    "x-forwarded-access-token", "x-forwarded-client-cert", "x-goog-authenticated-user-email",
    "x-goog-authenticated-user-id", "x-goog-iap-jwt-assertion", "x-ms-client-principal", "x-ms-client-principal-id",
    "x-ms-client-principal-name", "x-mse-consumer",
}  # fmt: skip
"""By what a client proves who it is, or a gateway says it: none of the model service's business."""

ORIGINAL_HOST: Final = "x-envoy-original-host"
ORIGINAL_PATH: Final = "x-envoy-original-path"

_IN_ANY_CASE: Final = frozenset(
    {
        "content-length",  # It changes with the body.
        "accept-encoding",  # An answer is to come uncompressed, so that it can be read.
        ORIGINAL_HOST,  # These two are for the gateway to say.
        ORIGINAL_PATH,
        "x-hi-original-auth",  # What an earlier filter of the gateway remembered.
    }
)


def removed(forwarded: Collection[str], *, keys_stay: bool) -> frozenset[str]:
    """The headers to remove. `keys_stay`: those in which the service expects the client's own key are left."""
    credentials = CREDENTIALS - OF_SERVICES if keys_stay else CREDENTIALS
    return _IN_ANY_CASE | credentials.difference(forwarded)
