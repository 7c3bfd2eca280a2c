"""Compress the selected network now: its size, the answers that change, and the files."""

from __future__ import annotations

import shlex
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.compress_parts import own_pictures
from pages.server import results
from pages.session import selected_network
from pages.widgets import downloads, in_python
from pages.widgets.choices import one_of
from pages.widgets.progress import advance, on_demand
from pages.widgets.words import plain
from squeeze_core.accuracy import Interval
from squeeze_core.compression import runtime, snippets
from squeeze_core.compression.fit import Fitted, fit
from squeeze_core.compression.pictures import Judged
from squeeze_core.cost.units import FP32_BYTES, amount, percent
from squeeze_core.networks.catalogue import Network

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

_MADE = "compressed"
_GOALS = {"answers": "Keep 95 % of the answers", "size": "Set kilobytes"}
_SHOWN = 24  # pictures whose answers changed


def made(network: Network) -> Fitted | None:
    """The last compression of that network in this session."""
    found = st.session_state.get(_MADE)
    return found if found and found.made.original == network else None


def draw(network: Network) -> None:
    with st.container(border=True, key="compress-live"):
        st.header(plain(f"Compress {network.title}"), anchor=False)
        dropped = own_pictures.ask()
        kilobytes = _ask_size(network)
        _run(network, dropped, kilobytes)
        found = made(network)
        if found:
            _result(found)
    if found:
        _files(found, dropped)
        _measured(found, dropped)
    size = "" if kilobytes is None else f" --kilobytes {kilobytes:g}"
    in_python.draw("compress", kilobytes=kilobytes, size=size)


def _ask_size(network: Network) -> float | None:
    """The size in kilobytes; None for what keeps the answers."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        goal = one_of("How small", _GOALS, "compress-goal", show=True)
        if goal != "size":
            return None
        size = network.weights.bytes() or FP32_BYTES
        return st.number_input("Kilobytes", 1, 100_000, max(1, size // 10_000), key="compress-kilobytes")


def _run(network: Network, dropped: list[UploadedFile], kilobytes: float | None) -> None:
    """A button that compresses, and a progress bar with a stop button while it does."""

    def work(bar: DeltaGenerator) -> None:
        pictures = own_pictures.gathered(network, dropped, advance(bar, 0.0, 0.1, "Reading the pictures"))
        with results.engine().queue.turn(large=True):
            told = advance(bar, 0.1, 0.9, "Choosing levels")
            st.session_state[_MADE] = fit(network, pictures, kilobytes, progress=told)

    doing = "Studying which weights matter"
    on_demand("compress-start", "Compress", ":material/compress:", work, doing=doing, kind="primary")


def _result(found: Fitted) -> None:
    compressed, judged = found.made, found.judged
    with st.grid(4, min_column_width=140, gap="small"):
        st.metric("File", amount(compressed.bytes, "B"), help=f"{compressed.bytes:,} bytes")
        st.metric("Smaller than float32", f"{compressed.ratio:.1f}×")
        if judged:
            before, after = judged.confidence
            _with_interval("Same first answer", judged.agreement)
            st.metric("Mean confidence", f"{before:.2f} → {after:.2f}")
        if judged and judged.accuracy:
            first, second, difference = judged.accuracy
            _with_interval("Top-1 before", first)
            _with_interval("Top-1 after", second)
            _with_interval("Difference", difference, difference.points())
    if found.warning:
        st.warning(plain(found.warning), icon=":material/warning:")
    if judged:
        _judged(judged, compressed.network.labels)
    calibrated = f"{found.calibrated} of your pictures" if found.calibrated else "the sample pictures"
    by = f"{len(judged.pictures)} others judge it" if judged else "none of your own judge it"
    seconds = sum(stage.seconds for stage in compressed.stages)
    st.caption(
        f"{compressed.preset.title}, {seconds:.1f} s here: {calibrated} calibrated it, {by}. The file is "
        "decoded once, when it is opened; then the network runs as fast as before, because it computes "
        "with the same number of weights."
    )


def _with_interval(label: str, found: Interval, words: str = "") -> None:
    """A figure with its 95 % interval below it: in one line a phone would cut it."""
    value, _, interval = (words or str(found)).partition(" (")
    about = {"delta_color": "off", "delta_arrow": "off", "help": "With its 95 % interval"}
    st.metric(label, value, interval.removesuffix(")"), **about)  # type: ignore[arg-type]


def _judged(judged: Judged, labels: tuple[str, ...]) -> None:
    """The classes that lose, and the pictures whose answers changed."""
    if losing := judged.lost_by_class():
        rows = [
            {"Class": labels[index], "Pictures": count, "Right before": was, "Right after": now}
            for index, (count, was, now) in losing.items()
        ]
        st.dataframe(rows, hide_index=True, key="compress-classes", alt="Classes that lose answers")
        downloads.buttons("compress-classes", table=rows)
    changed = judged.changed.tolist()
    if not changed:
        return
    with st.expander(f"Pictures whose answers changed: {len(changed)}", icon=":material/compare:"):
        words = [
            f"{judged.pictures.names[k]}: {labels[judged.before[k].argmax()]} → "
            f"{labels[judged.after[k].argmax()]}"
            for k in changed[:_SHOWN]
        ]
        shown = [judged.pictures.views[k] for k in changed[:_SHOWN]]
        st.image(shown, [plain(one) for one in words], width=150)


def _files(found: Fitted, dropped: list[UploadedFile]) -> None:
    compressed = found.made
    stem = compressed.original.name.rpartition(".")[0] or compressed.original.name
    with st.container(border=True, key="compress-files"):
        st.header("Downloads", anchor=False)
        with st.container(horizontal=True, gap="small"):
            label = plain(f"{stem}.sqz · {amount(compressed.bytes, 'B')}")
            downloads.file(
                label,
                compressed.data,
                f"{stem}.sqz",
                "download-sqz",
                "download",
                type="primary",
                help=runtime.SQZ_SAVES,
            )
            for precision in runtime.PRECISIONS.values():
                downloads.file(
                    f"ONNX {precision.title}",
                    partial(_onnx, found, precision, dropped),
                    f"{stem}-{precision.name}.onnx",
                    f"download-onnx-{precision.name}",
                    "schema",
                    help=precision.words,
                )
            reader = (files("squeeze_core.networks.weights.sqz") / "reader.py").read_bytes()
            downloads.file("Reader", reader, "sqz_reader.py", "download-reader", "code")
            if compressed.network.name not in selected_network.state().own and st.button(
                "Use this network on every page", key="compress-look", icon=":material/visibility:"
            ):
                selected_network.take(compressed.network)
                st.rerun()
        with st.expander("How to load them", icon=":material/code:"):
            st.code(f"python -m squeeze_core classify cat.jpg --weights {shlex.quote(stem)}.sqz", "bash")
            st.code(snippets.sqz(f"{stem}.sqz"), "python")
            st.code(snippets.sqz_reader(f"{stem}.sqz"), "python")
            st.code(snippets.onnx(compressed.network, f"{stem}-float32.onnx"), "python")
        st.caption(
            "The .sqz file opens wherever this package opens weights; nothing in it is run. The reader is "
            "one Python file for other projects: it needs NumPy and constriction. The ONNX files hold the "
            "compressed network, in three precisions, for any runtime; each is made when its button is "
            "pressed."
        )


def _onnx(found: Fitted, precision: runtime.Precision, dropped: list[UploadedFile]) -> bytes:
    """The compressed network as ONNX, int8 calibrated by the pictures that calibrated it."""
    network = found.made.network
    pictures = own_pictures.gathered(network, dropped, lambda share: None) if found.calibrated else None
    return runtime.to_onnx(network, precision, pictures and pictures.divided()[0])


def _measured(found: Fitted, dropped: list[UploadedFile]) -> None:
    """The ONNX files' bytes, times here and answers, measured on demand."""
    small = found.made.network
    with st.container(border=True):
        kept = st.session_state.setdefault("int8", {})
        if rows := kept.get(small.key):
            ratio = rows[-1].milliseconds / rows[0].milliseconds
            answer = f"int8 takes {percent(ratio, 0)} of float32’s time here"
            st.header(answer, anchor=False)
            table = [
                {
                    "Precision": one.precision.title,
                    "File": amount(one.bytes, "B"),
                    "Time (ms)": round(one.milliseconds, 1),
                    "Same first answer": str(one.judged.agreement) if one.judged else "not judged",
                    "What it saves": one.precision.words,
                }
                for one in rows
            ]
            st.dataframe(table, hide_index=True, key="int8-table", alt=answer)
            downloads.buttons("int8-here", table=table)
        else:
            st.header("Is int8 faster here, and as good?", anchor=False)
        doing = "Making and timing three files"

        def work(bar: DeltaGenerator) -> None:
            full = found.made.original
            pictures = own_pictures.gathered(full, dropped, advance(bar, 0.0, 0.2, doing))
            with results.engine().queue.turn(large=True):
                kept[small.key] = runtime.measure(small, full, pictures, advance(bar, 0.2, 0.8, doing))

        on_demand("int8-measure", "Measure int8 here", ":material/timer:", work, doing=doing)
        st.caption(
            "The compressed network in ONNX Runtime on the server’s processor, one picture, median of 15 "
            "turns; answers against float32 before compression. Some of your pictures give int8 its "
            "scales, the others judge; without any, the sample pictures give them."
        )
