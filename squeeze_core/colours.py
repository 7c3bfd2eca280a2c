"""The two colours of everything drawn, known without PyTorch."""

ACCENT = "#D9560B"  # SqueezeNet's, and that of whatever a figure or a page points out
NEUTRAL = "#8A9099"  # of what is no network, and of what stands behind
