"""What the server does once, for all visitors: the first bytes of every page, and networks warmed up.

Streamlit's own first bytes are an empty page, which stays white until its scripts have been loaded and have
run. Ours show a picture and what is happening.
"""

from __future__ import annotations

import base64
import html
import io
import threading
import webbrowser
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from streamlit.runtime.pages_manager import PagesManager

from pages.server import memory
from pages.session import tray
from pages.widgets import tray_bar
from squeeze_core import gallery, images

_HERE = Path(__file__).parent
_STREAMLITS_OWN = Path(st.__file__).parent / "static"
# What pages are drawn with, the large charts and tables excepted: fetched at once, and not when the first
# of each kind is drawn, which then would move what lies below.
_ELEMENTS = (
    *("Html", "FileUploader", "BidiComponent", "ButtonGroup", "ImageList", "Metric", "Multiselect"),
    *("Slider", "Selectbox", "NumberInput", "DownloadButton", "Checkbox"),
)


def routes(pages: Sequence[str], home: str) -> list[Route]:
    """The first bytes of the home page and of each of `pages`, addresses such as "detect"; the name that
    the home page would have, `home`, leads to it."""
    # Until `st.navigation` has run once in this process, Streamlit takes pages/ for scripts that stand
    # alone, and a first visit to /about would get that page without app.py around it.
    PagesManager.uses_pages_directory = False
    base = "/" + str(st.get_option("server.baseUrlPath")).strip("/")
    body = first_bytes()

    def page(request: Request) -> Response:
        return HTMLResponse(body, headers={"Cache-Control": "no-cache"})

    def to_home(request: Request) -> Response:
        return RedirectResponse(request.url.replace(path=base))

    addresses = [base, *(f"{base.rstrip('/')}/{name}" for name in pages)]
    return [
        Route(f"{base.rstrip('/')}/{home}", to_home),
        *(Route(address, page) for address in addresses),
    ]


def first_bytes() -> str:
    """Streamlit's own page, with the first sample and what is happening in it until ours is drawn."""
    sample = gallery.samples()[0]
    image = sample.picture().image
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    picture = "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
    values = {
        "ASPECT": f"{image.width} / {image.height}",
        "LOGO": (_HERE.parent / "widgets" / "logo.svg").read_text("utf-8"),
        "PICTURE": picture,
        "ALT": html.escape(sample.alt),
        "NAME": html.escape(sample.title),
    }
    paint = (_HERE / "first_paint.html").read_text("utf-8")
    for place, value in values.items():
        paint = paint.replace(place, value)
    scripts = [file for name in _ELEMENTS for file in _STREAMLITS_OWN.glob(f"static/js/{name}.*.js")]
    links = [f'<link rel="modulepreload" crossorigin href="./static/js/{file.name}">' for file in scripts]
    own = (_STREAMLITS_OWN / "index.html").read_text("utf-8")
    script = f"<script>{(_HERE / 'history.js').read_text('utf-8')}</script>"
    own = own.replace("<title>Streamlit</title>", f"<title>Squeeze Lab</title>{script}" + "".join(links))
    # In the body, so that it comes after the styles that Streamlit adds to the head.
    return own.replace('<div id="root">', f'<style>{tray_bar.style()}</style>{paint}<div id="root">')


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """While the server runs: warm up beside it, and show it to whoever started it at a screen."""
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
    threading.Thread(target=memory.tidy, args=(_first_answers,), name="tidy", daemon=True).start()
    if not st.get_option("server.headless"):
        address = st.get_option("browser.serverAddress")
        webbrowser.open(f"http://{address}:{st.get_option('server.port')}")
    yield


def _warm_up() -> None:
    images.warm()
    _first_answers()
    memory.give_back()


def _first_answers() -> None:
    """Load the networks of the first screen and of Detect, so that the first visitor waits for none."""
    from pages.server import results

    results.warm_up(tray.sample_entry(gallery.samples()[0].file).picture)
