"""Frozen facts, built from a record: snapshots, timelines, task details, estimates and advice.

Nothing here changes a record. May import `record`, `upstream`, `model` and the top-level helpers.
"""
