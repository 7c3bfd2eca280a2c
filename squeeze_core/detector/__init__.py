"""Detection: a single-shot detector on SqueezeNet 1.1, with Fire modules in its neck and head."""
