"""Recorders: they drain events, or query the Hub, and write what has happened to a record."""
