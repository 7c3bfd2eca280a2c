"""What the server does once, at its start: loading networks, watching memory, opening a browser."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pages.server import memory, streamlit_internals
from pages.session import tray
from squeeze_core import gallery, images


def home_route(name: str) -> Route:
    """The address that the home page would have if it were not the home page leads to it."""
    base = str(st.get_option("server.baseUrlPath")).strip("/")

    def to_home(request: Request) -> Response:
        # Relative, so that it is right behind a proxy that takes a part of the path away.
        return RedirectResponse(f"./?{request.url.query}" if request.url.query else "./")

    return Route(f"/{base}/{name}" if base else f"/{name}", to_home)


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """While the server runs: warm up beside it, and show it to whoever started it at a screen."""
    streamlit_internals.ignore_pages_folder()
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
    threading.Thread(
        target=memory.watch, args=(streamlit_internals.count_sessions,), name="memory", daemon=True
    ).start()
    if not st.get_option("server.headless"):
        streamlit_internals.open_browser()
    yield


def _warm_up() -> None:
    """Load the networks of the first screen and of Detect, so that the first visitor waits for none."""
    from pages.server import results

    images.warm()
    results.warm_up(tray.sample_entry(gallery.samples()[0].file).picture)
