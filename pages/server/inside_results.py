"""Results of the pages about the network's inside, shared by all sessions and never changed."""

from __future__ import annotations

from pages.server import results
from pages.server.cache import TRACES, cached
from squeeze_core.images import Picture
from squeeze_core.inside import ablation, channels, explain
from squeeze_core.inside import trace as fire_trace
from squeeze_core.inside.ablation import Ablation, Contributions, Units
from squeeze_core.inside.channels import ChannelMaxima, Filter
from squeeze_core.inside.explain import Explanation, Score
from squeeze_core.inside.trace import FireTrace, Unit
from squeeze_core.networks.catalogue import Network
from squeeze_core.progress import Progress


@cached(TRACES)
def trace(picture: Picture, network: Network) -> FireTrace:
    """Every Fire module's activations for that picture."""
    return fire_trace.fire_trace(picture, results.engine(), network)


@cached()
def contributions(picture: Picture, network: Network, index: int) -> Contributions:
    """Each channel's contribution to that class."""
    return ablation.contributions(picture, results.engine(), network, index)


@cached()
def ablated(picture: Picture, network: Network, disabled: Units) -> Ablation:
    """The answer with those channels disabled."""
    return ablation.ablate(picture, results.engine(), network, disabled)


@cached()
def explanation(
    picture: Picture, network: Network, method: str, index: int, _progress: Progress
) -> Explanation:
    """That method's map for that class; `_progress` is called only when it is not cached."""
    return explain.explain(picture, results.engine(), network, method, index, _progress)


@cached()
def score(picture: Picture, network: Network, method: str, index: int, _progress: Progress) -> Score:
    """Deletion and insertion of that explanation of the picture."""
    of = explanation(picture, network, method, index, _progress)
    return explain.score(of, picture, results.engine(), network, _progress)


@cached()
def maxima(picture: Picture, network: Network) -> ChannelMaxima:
    """The maxima of that picture's channels."""
    # Not through the bounded cache of traces, where the samples would push visitors' pictures out.
    return channels.channel_maxima(fire_trace.fire_trace(picture, results.engine(), network))


@cached()
def channel_filter(network: Network, unit: Unit) -> Filter:
    """The weights behind that channel."""
    return channels.channel_filter(network, unit)
