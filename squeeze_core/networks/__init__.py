"""Networks: architecture, weights, preprocessing, and the engine that runs them."""

# The networks that are meant where nobody says which; known without importing what runs them.
CLASSIFIER = "squeezenet1_1"
DETECTOR = "squeezenet1_1_detector"
