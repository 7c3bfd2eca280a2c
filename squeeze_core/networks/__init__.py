"""Networks: architecture, weights, preprocessing, and the engine that runs them."""

# Names of the default networks, importable without PyTorch.
CLASSIFIER = "squeezenet1_1"
DETECTOR = "squeezenet1_1_detector"
