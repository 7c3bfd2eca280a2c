"""The tabs of the page "Compare", one file each; every one draws what `squeeze_core` returns."""
