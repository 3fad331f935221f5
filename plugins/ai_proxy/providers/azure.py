"""Azure OpenAI, and Microsoft Foundry.

Source: Azure OpenAI REST reference. APIs of a model are below `/openai/deployments/{deployment}/`, APIs of the account
below `/openai/`; both need `api-version`. The newer `/openai/v1/...` has OpenAI's paths.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ..config.settings import AzureSettings, FoundrySettings, Settings
from ..protocols.pivot import chat_rules
from ..wire import apis
from .openai import PATHS
from .row import Addressing, Auth, Credentials, Dialect, Endpoint, Original, Row, of_all_models

# APIs of the account, which do not belong to a deployment.
_OF_THE_ACCOUNT: Final = frozenset(
    {
        apis.MODELS, apis.BATCHES, apis.RETRIEVE_BATCH, apis.CANCEL_BATCH, apis.FILES, apis.RETRIEVE_FILE,
        apis.RETRIEVE_FILE_CONTENT, apis.RESPONSES, apis.FINE_TUNING_JOBS, apis.RETRIEVE_FINE_TUNING_JOB,
        apis.FINE_TUNING_JOB_EVENTS, apis.FINE_TUNING_JOB_CHECKPOINTS, apis.CANCEL_FINE_TUNING_JOB,
        apis.RESUME_FINE_TUNING_JOB, apis.PAUSE_FINE_TUNING_JOB, apis.CHECKPOINT_PERMISSIONS,
        apis.DELETE_CHECKPOINT_PERMISSION, *apis.OF_RESPONSES,
    }
)  # fmt: skip

_OF_FOUNDRY: Final = frozenset(
    {
        apis.CHAT, apis.COMPLETIONS, apis.EMBEDDINGS, apis.IMAGE_GENERATION, apis.IMAGE_EDIT, apis.MODELS,
        apis.FILES, apis.RETRIEVE_FILE, apis.RETRIEVE_FILE_CONTENT, apis.BATCHES, apis.RETRIEVE_BATCH,
        apis.CANCEL_BATCH, apis.RESPONSES, *apis.OF_RESPONSES,
    }
)  # fmt: skip
"""OpenAI's APIs that Microsoft documents for the v1 API."""


_PATHS: Final = {api: path for api, path in PATHS.items() if api not in (apis.RETRIEVE_MODEL, apis.MODERATIONS)}
"""As in the original, the path of one model is passed on as any unknown one. Azure documents no moderation."""


def _endpoint(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    """`azureServiceUrl` is the address of the resource, of a deployment, of the newer API, or of a single API."""
    assert isinstance(settings, AzureSettings)
    url = settings.azure_service_url
    host = url.netloc.rpartition("@")[2]
    path = url.path.rstrip("/")
    if path == "/openai/v1":
        return Endpoint(host, {api: path + own.removeprefix("/v1") for api, own in paths.items()}, query=url.query)
    if not path:
        deployment = "/openai/deployments/{model}"
    elif re.fullmatch("/openai/deployments/[^/]+", path):
        deployment = path
    else:
        return Endpoint(host, paths, f"{url.path}?{url.query}")
    return Endpoint(
        host,
        {
            api: ("/openai" if api in _OF_THE_ACCOUNT else deployment) + own.removeprefix("/v1")
            for api, own in paths.items()
        },
        query=url.query,
    )


ROWS: Final = (
    Row(
        name="azure",
        title="Azure OpenAI",
        settings=AzureSettings,
        addressing=Addressing(
            host="", paths=_PATHS, endpoint=_endpoint, original=Original.KEPT, forwards_unknown_apis=True
        ),
        credentials=Credentials(auth=Auth("api-key")),
        dialect=Dialect(rules=of_all_models(chat_rules.OPENAI), keeps_developer_role=True),
    ),
    # Source: learn.microsoft.com/azure/foundry, "Endpoints for Microsoft Foundry Models", "Azure OpenAI in Microsoft
    # Foundry Models v1 API". A request names the deployment as its model. Claude has an API of its own there: the
    # provider `claude` with this host as `providerDomain` and `/anthropic` as `providerBasePath`.
    Row(
        name="azure-foundry",
        title="Microsoft Foundry (Azure AI Foundry)",
        settings=FoundrySettings,
        addressing=Addressing(
            host="",
            host_setting="foundry_host",
            paths={api: f"/openai{path}" for api, path in PATHS.items() if api in _OF_FOUNDRY},
            original=Original.KEPT,
        ),
        credentials=Credentials(auth=Auth("api-key")),
        dialect=Dialect(rules=of_all_models(chat_rules.OPENAI), keeps_developer_role=True),
    ),
)
