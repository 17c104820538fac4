"""Errors that a user can act on."""


class InputError(ValueError):
    """Bad input, answered in one sentence: what was given, what was needed, what to do next.

    The command line turns it into exit code 2 without a traceback; Python callers can catch it as a `ValueError`.
    """
