"""Inside a network: activations, filters, receptive fields, ablation, attribution."""
