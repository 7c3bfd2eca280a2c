"""The error for bad input or usage."""


class UserError(ValueError):
    """Bad input or usage. The message is one clear sentence for people: pages show it as it is,
    the command line prints it and exits with 2."""
