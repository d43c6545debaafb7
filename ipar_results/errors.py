"""What a result raises, and what an action refuses, where ipyparallel has no word for it."""


class ContactLost(ConnectionError):  # noqa: N818
    """Nothing more can be expected: the controller is silent, or the client was closed.

    A result raises it once the controller has not answered for ``contact_timeout`` seconds. Should the
    answers come after all, the result takes them in and gives its values.
    """


class RetryError(RuntimeError):
    """Tasks that can't be run again; the message says why, and what helps."""
