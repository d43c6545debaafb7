"""Records: the states of messages as columns, with their failures, engines, attempts and clocks.

A record is written by its recorders and only read elsewhere. May import `upstream`, `model` and the top-level
helpers.
"""
