"""Classes of one's own: pictures → a head on SqueezeNet's features → a SqueezeNet of those classes."""
