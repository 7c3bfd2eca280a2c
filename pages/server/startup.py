"""The server's start: its routes and headers, loading networks, watching memory, opening a browser."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pages.server import log, memory, streamlit_internals
from pages.session import tray
from squeeze_core import gallery, images
from squeeze_core.colours import ACCENT

STYLE = Path(__file__).parents[1] / "widgets" / "style.css"
LOCAL = ("localhost", "127.0.0.1", "::1", "[::1]")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}


def home_route(name: str) -> Route:
    """The address that the home page would have if it were not the home page leads to it."""
    base = str(st.get_option("server.baseUrlPath")).strip("/")

    def to_home(request: Request) -> Response:
        # Relative, so that it is right behind a proxy that takes a part of the path away.
        return RedirectResponse(f"./?{request.url.query}" if request.url.query else "./")

    return Route(f"/{base}/{name}" if base else f"/{name}", to_home)


def middleware() -> list[Middleware]:
    """Headers on every answer; and a server that only this machine reaches answers to its own names alone.

    Otherwise a stranger's page could reach it by a name that leads to 127.0.0.1 (DNS rebinding).
    """
    local = st.get_option("server.address") in LOCAL
    hosts = [*LOCAL, st.get_option("browser.serverAddress")] if local else ["*"]
    return [
        Middleware(BaseHTTPMiddleware, dispatch=_add_headers),
        Middleware(BaseHTTPMiddleware, dispatch=_add_style),
        Middleware(TrustedHostMiddleware, allowed_hosts=hosts),
    ]


async def _add_headers(request: Request, answer: RequestResponseEndpoint) -> Response:
    response = await answer(request)
    response.headers.update(HEADERS)
    return response


async def _add_style(request: Request, answer: RequestResponseEndpoint) -> Response:
    """Put the style of every page into the document, so that nothing moves when the page is drawn.

    As an element of the page it would come after others: a layout shift of 0.8 on a phone instead of 0.02.
    """
    if "text/html" not in request.headers.get("accept", ""):
        return await answer(request)
    # Neither compressed nor what the browser has kept.
    left_out = (b"accept-encoding", b"if-none-match", b"if-modified-since")
    request.scope["headers"] = [one for one in request.scope["headers"] if one[0] not in left_out]
    response = await answer(request)
    if not response.headers.get("content-type", "").startswith("text/html"):
        return response
    parts = [part async for part in response.body_iterator]  # type: ignore[attr-defined]
    style = f"<style>:root{{--accent:{ACCENT}}}{STYLE.read_text('utf-8')}</style>"
    page = b"".join(parts).replace(streamlit_internals.ROOT, style.encode() + streamlit_internals.ROOT)
    for name in ("content-length", "etag", "last-modified"):
        del response.headers[name]
    return Response(page, response.status_code, dict(response.headers))


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Warm up and watch memory in the background; with a screen, open a browser."""
    streamlit_internals.ignore_pages_folder()
    streamlit_internals.look_up_no_address()
    for work in (_warm_up, partial(memory.watch, streamlit_internals.count_sessions)):
        threading.Thread(target=work, daemon=True).start()
    if not st.get_option("server.headless"):
        streamlit_internals.open_browser()
    yield


def _warm_up() -> None:
    """Load the networks of the first screen and of Detect, so that the first visitor waits for none."""
    from pages.server import results

    with log.background("warm-up"):
        images.warm()
        results.warm_up(tray.sample_entry(gallery.samples()[0].file).picture)
