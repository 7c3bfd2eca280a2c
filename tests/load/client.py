"""A browser as far as the server can tell: Streamlit's own protocol over a websocket, without a screen."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileUploaderState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

WORDS = ("markdown", "heading", "alert", "exception", "text")


class RunFailed(Exception):
    """The page showed something that it should not have."""


@dataclass
class Client:
    """One session. `widgets`: identifiers by key, `options`: what each lets choose from; `texts`: the
    words of the last run, by place."""

    address: str
    session: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    page: str = ""
    widgets: dict[str, str] = field(default_factory=dict)
    options: dict[str, list[str]] = field(default_factory=dict)
    states: dict[str, WidgetState] = field(default_factory=dict)
    texts: dict[tuple[int, ...], str] = field(default_factory=dict)
    _socket: Any = None
    _requests: int = 0

    async def open(self) -> float:
        """Connect, and wait for the first page; the seconds that it took."""
        server = self.address.replace("http", "ws", 1)
        begun = time.monotonic()
        self._socket = await websockets.connect(
            f"{server}/_stcore/stream", subprotocols=["streamlit"], max_size=None, open_timeout=60
        )
        await self.run()
        return time.monotonic() - begun

    async def close(self) -> None:
        await self._socket.close()

    async def visit(self, page: str) -> float:
        """Go to another page; the seconds until it is drawn."""
        self.page, self.widgets, self.texts = self.pages[page], {}, {}
        return await self.run()

    async def set(self, key: str, **value: Any) -> float:
        """Move a widget, whose key begins so; the seconds until everything is drawn again."""
        name = next(name for name in self.widgets if name.startswith(key))
        state = WidgetState(id=self.widgets[name])
        for kind, given in value.items():
            held = getattr(state, kind)
            if hasattr(held, "data"):
                held.data.extend(given)
            else:
                setattr(state, kind, given)
        self.states[state.id] = state
        return await self.run(only={state.id} if "trigger_value" in value else None)

    async def upload(self, key: str, name: str, data: bytes) -> float:
        """Give a file to the uploader whose key begins so; the seconds until the page knows it."""
        begun = time.monotonic()
        uploader = next(self.widgets[known] for known in self.widgets if known.startswith(key))
        message = BackMsg()
        self._requests += 1
        message.file_urls_request.request_id = str(self._requests)
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self.session
        await self._socket.send(message.SerializeToString())
        async for answer in self._messages():
            if answer.WhichOneof("type") == "file_urls_response":
                place = answer.file_urls_response.file_urls[0]
                break
        await asyncio.to_thread(self._put, place.upload_url, name, data)
        state = WidgetState(id=uploader)
        found = FileUploaderState()
        info = found.uploaded_file_info.add()
        info.file_id, info.name, info.size = place.file_id, name, len(data)
        info.file_urls.CopyFrom(place)
        state.file_uploader_state_value.CopyFrom(found)
        self.states[uploader] = state
        await self.run()
        return time.monotonic() - begun

    def _put(self, url: str, name: str, data: bytes) -> None:
        boundary = "squeezelabsqueezelab"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        body = (
            head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + data + f"\r\n--{boundary}--\r\n".encode()
        )
        token = self._token()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Cookie": f"_streamlit_xsrf={token}",
            "X-Xsrftoken": token,
        }
        request = urllib.request.Request(self.address + url, body, headers, method="PUT")
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()

    def _token(self) -> str:
        """What the server gives a browser so that no other site can upload in its name."""
        with urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=60) as answer:
            cookie = answer.headers.get("Set-Cookie", "")
        return cookie.partition("_streamlit_xsrf=")[2].partition(";")[0]

    async def run(self, only: set[str] | None = None) -> float:
        """Have the page drawn with the widgets as they are; the seconds until it is. `only`: those that
        are pressed once."""
        begun = time.monotonic()
        message = BackMsg()
        message.rerun_script.page_script_hash = self.page
        message.rerun_script.widget_states.widgets.extend(self.states.values())
        for pressed in only or ():
            del self.states[pressed]
        await self._socket.send(message.SerializeToString())
        async for answer in self._messages():
            if self._take(answer):
                return time.monotonic() - begun
        raise RunFailed("The connection ended.")

    def _take(self, message: ForwardMsg) -> bool:
        """Note what a message says; whether the run is over."""
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.session = message.new_session.initialize.session_id or self.session
        elif kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            self.page = message.navigation.page_script_hash
        elif kind == "delta":
            self._draw(tuple(message.metadata.delta_path), message.delta)
        elif kind == "script_finished":
            status = ForwardMsg.ScriptFinishedStatus.Name(message.script_finished)
            # A run that another one follows at once is not the last.
            return status == "FINISHED_SUCCESSFULLY"
        return False

    def _draw(self, place: tuple[int, ...], delta: Any) -> None:
        if delta.WhichOneof("type") != "new_element":
            return
        kind = delta.new_element.WhichOneof("type")
        element = getattr(delta.new_element, kind)
        if name := getattr(element, "id", ""):
            self.widgets[_key(name)] = name
            self.options[_key(name)] = [str(option) for option in getattr(element, "options", ())]
        if kind == "exception":
            raise RunFailed(element.message)
        if kind == "alert" and "incident" in element.body:
            raise RunFailed(element.body)
        if kind in WORDS:
            self.texts[place] = str(getattr(element, "body", ""))

    @property
    def words(self) -> str:
        return "\n".join(self.texts.values())

    async def _messages(self) -> Any:
        while True:
            message = ForwardMsg()
            message.ParseFromString(await asyncio.wait_for(self._socket.recv(), 120))
            yield message


def _key(identifier: str) -> str:
    """The key in an identifier such as "$$ID-0123abcd-why-opacity"."""
    return identifier.split("-", 2)[2]
