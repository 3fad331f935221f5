"""What must never happen on a page, whatever models, users and files say."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Error, Page, Request

_OWN_SCHEMES = ("blob", "data")
_NOT_LOADED = "Failed to load resource: "
"""Chromium's own message about an error's status, and about a stream that breaks off."""
_APIS = ("/v1/", "/console/api/")


class Watch:
    """Collects errors of a page's scripts, violations of its content security policy, dialogs, further windows, and
    requests to anywhere else than `origin`."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.problems: list[str] = []
        self._origin = origin
        context.on("page", self._on_page)
        context.on("request", self._on_request)
        context.on("console", self._on_console)
        context.on("dialog", self._on_dialog)
        context.on("weberror", lambda error: self._on_error(error.error))
        self._pages = 0

    def _on_page(self, page: Page) -> None:
        self._pages += 1
        if self._pages > 1:
            self.problems.append(f"another window: {page.url}")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in _OWN_SCHEMES and f"{address.scheme}://{address.netloc}" != self._origin:
            self.problems.append(f"request to another origin: {request.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        path = urlsplit(message.location["url"]).path
        if not (message.text.startswith(_NOT_LOADED) and path.startswith(_APIS)):
            self.problems.append(f"console: {message.text}")

    def _on_dialog(self, dialog: Dialog) -> None:
        self.problems.append(f"{dialog.type} dialog: {dialog.message}")
        dialog.dismiss()

    def _on_error(self, error: Error) -> None:
        self.problems.append(f"uncaught: {error.message}")
