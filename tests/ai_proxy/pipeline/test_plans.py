"""Plans have the same values that each request would compute by itself."""

from __future__ import annotations

from tests.ai_proxy.gateway import Json

from ai_proxy import providers
from ai_proxy.pipeline import addressing
from ai_proxy.pipeline.plans import Plans
from ai_proxy.protocols import clients
from ai_proxy.wire import apis
from ai_proxy_docs.examples import example

SETTINGS: list[Json] = [
    {},
    {"basePath": "/ai", "providerBasePath": "/proxy"},
    {"basePath": "/ai", "basePathHandling": "prepend", "protocol": "original"},
]

# Those that need a real key; their paths are worked out as those of their siblings.
ROWS = [row for row in providers.ROWS if row.credentials.login is None]


def test_a_path_worked_out_once_is_that_of_every_request_without_a_query() -> None:
    fixed = 0
    for row in ROWS:
        for settings in SETTINGS:
            plans = Plans(providers.build({**example(row), **settings}, "provider", log_warnings=False))
            for plan in {plans[api].api: plans[api] for api in ("", *apis.ALL)}.values():
                fixed += plan.request.path != ""
                for path in ("/v1/one", "/ai/v1/another/one"):
                    exchange = clients.new_exchange(plans.provider.settings, apis.Route(plan.api))
                    assert plan.request.path in ("", addressing.upstream_path(plans.provider, exchange, path)), (
                        row.name,
                        plan.api,
                    )
    assert fixed > len(ROWS)


def test_plain_paths_have_the_route_that_classify_gives_them() -> None:
    assert {path: apis.classify(path) for path in apis.PLAIN} == apis.PLAIN
