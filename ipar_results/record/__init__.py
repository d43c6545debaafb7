"""Records: events of results become columns of message state.

A record is written here and only read elsewhere. May import `upstream`, `model` and the top-level helpers.
"""
