"""What a network is: how it is built, where its weights come from, what it wants to see, where it runs."""

# The networks that are meant where nobody says which; known without importing what runs them.
CLASSIFIER = "squeezenet1_1"
DETECTOR = "squeezenet1_1_detector"
