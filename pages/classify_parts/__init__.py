"""Parts of the page Classify."""
