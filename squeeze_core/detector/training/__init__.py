"""Training of a detector: pictures, augmentation, loss and optimiser."""
