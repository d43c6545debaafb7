"""Everything that depends on ipyparallel's private names: events, replies, futures, one client's connection.

Imports only model, log and errors. What ipyparallel must have is listed in :mod:`.protocols`.
"""
