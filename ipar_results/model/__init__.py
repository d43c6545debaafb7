"""Frozen types that every view reads: snapshot, timeline, cluster overview.

It imports nothing of this package but the modules at its root, such as ``formatting``.
"""
