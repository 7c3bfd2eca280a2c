"""SqueezeNet for classification and detection, seen inside and compared. Usable without a screen."""

__version__ = "0.1.0"
