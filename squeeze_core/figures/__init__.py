"""Results → figures: pure functions to Plotly figures or PIL images, one file a task."""
