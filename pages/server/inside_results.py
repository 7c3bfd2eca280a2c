"""Results of the pages about the network's inside, shared by all sessions and never changed.

Figures are kept as JSON text, because Plotly changes a figure's traces while it copies them.
"""

from __future__ import annotations

from typing import NamedTuple

from pages.server import results
from pages.server.cache import TRACES, cached
from pages.session import tray
from squeeze_core import gallery
from squeeze_core.figures import channels as channel_figures
from squeeze_core.figures import fire_modules
from squeeze_core.figures.maps import Scale
from squeeze_core.images import Picture
from squeeze_core.inside import ablation, channels, explain
from squeeze_core.inside import trace as fire_trace
from squeeze_core.inside.ablation import Ablation, Contributions, PruningPoint, Units
from squeeze_core.inside.channels import ChannelMaxima, Filter
from squeeze_core.inside.explain import Explanation, Progress, Score
from squeeze_core.inside.trace import FireTrace, Unit
from squeeze_core.networks.catalogue import Network


class GridStyle(NamedTuple):
    """How a grid of channels is drawn: rows are `aspect` times as wide as high, `pixels` in all."""

    aspect: int
    pixels: int
    scale: Scale


@cached(cache=TRACES)
def trace(picture: Picture, network: Network) -> FireTrace:
    """Every Fire module's activations for that picture."""
    return fire_trace.fire_trace(picture, results.engine(), network)


@cached
def contributions(picture: Picture, network: Network, index: int) -> Contributions:
    """Each channel's contribution to that class."""
    return ablation.contributions(picture, results.engine(), network, index)


@cached
def ablated(picture: Picture, network: Network, disabled: Units) -> Ablation:
    """The answer with those channels disabled."""
    return ablation.ablate(picture, results.engine(), network, disabled)


@cached
def pruning_curve(picture: Picture, network: Network, index: int) -> list[PruningPoint]:
    """That class's probability with ever more of the least useful channels disabled."""
    ranked = contributions(picture, network, index).ranked()
    return ablation.pruning_curve(picture, results.engine(), network, ranked, index)


@cached
def explanation(
    picture: Picture, network: Network, method: str, index: int, _progress: Progress
) -> Explanation:
    """That method's map for that class; `_progress` is called only when it is not known yet."""
    return explain.explain(picture, results.engine(), network, method, index, _progress)


@cached
def score(picture: Picture, network: Network, method: str, index: int, _progress: Progress) -> Score:
    """Deletion and insertion of that explanation of the picture."""
    of = explanation(picture, network, method, index, _progress)
    return explain.score(of, picture, results.engine(), network, _progress)


def maxima_of_pictures(network: Network) -> list[ChannelMaxima]:
    """Of the shipped samples and this session's own pictures, each once."""
    samples = {sample.file: tray.sample_entry(sample.file).key for sample in gallery.samples()}
    found = {key: _sample_maxima(file, network) for file, key in samples.items()}
    for picture in tray.pictures():
        if picture.key not in found:
            found[picture.key] = _maxima(picture, network)
    return list(found.values())


@cached
def channel_filter(network: Network, unit: Unit) -> Filter:
    """The weights behind that channel."""
    return channels.channel_filter(results.engine(), network, unit)


@cached
def network_strip(picture: Picture, network: Network, module: str) -> str:
    """The network as a strip with that module marked."""
    return fire_modules.network_strip(trace(picture, network).layers, module).to_json()


@cached
def wiring(picture: Picture, network: Network, module: str) -> str:
    """The wiring of that module."""
    found = trace(picture, network)
    return fire_modules.wiring(found.modules[module], found.before(module)).to_json()


@cached
def grid(
    picture: Picture,
    network: Network,
    place: tuple[str, str],
    chosen: Unit | None,
    style: GridStyle,
    disabled: Units,
) -> str:
    """The channels of a branch, `place` being its module and its name, strongest first; `chosen` and
    `disabled` are among them."""
    maps = trace(picture, network).maps(*place)
    units = [Unit(*place, int(number)) for number in maps.order()]
    columns = fire_modules.columns_for(len(units), style.aspect)
    return fire_modules.channel_grid(
        maps, units, chosen, columns=columns, pixels=style.pixels, scale=style.scale, off=disabled
    ).to_json()


@cached
def filter_figure(network: Network, unit: Unit) -> str:
    """The weights behind that channel: 3×3 kernels, or its strongest inputs."""
    found = channel_filter(network, unit)
    if found.weights.shape[1] > 1:
        return channel_figures.kernels(found).to_json()
    return channel_figures.strongest_inputs(found).to_json()


@cached
def histogram(picture: Picture, network: Network, unit: Unit) -> str:
    """How often each activation occurs in that channel's map."""
    maps = trace(picture, network).maps(unit.module, unit.branch)
    return channel_figures.histogram(maps, unit.channel).to_json()


@cached
def glance(picture: Picture, network: Network) -> str:
    """The strongest channels of all modules."""
    return fire_modules.glance(trace(picture, network)).to_json()


@cached
def _maxima(picture: Picture, network: Network) -> ChannelMaxima:
    return channels.channel_maxima(trace(picture, network))


@cached
def _sample_maxima(file: str, network: Network) -> ChannelMaxima:
    sample = next(sample for sample in gallery.samples() if sample.file == file)
    # Not through the bounded cache of traces, where the samples would push visitors' pictures out.
    return channels.channel_maxima(fire_trace.fire_trace(sample.picture(), results.engine(), network))
