"""Errors for bad input or usage."""


class UserError(ValueError):
    """Bad input or usage. The message is one clear sentence for people: pages show it as it is,
    the command line prints it and exits with 2."""


class WeightsError(UserError):
    """Weights that are not available or do not fit; the message is one sentence for people."""
