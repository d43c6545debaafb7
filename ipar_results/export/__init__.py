"""Exports of a result as table, trace and report, and their import; it may import `record` and below.

Nothing here knows displays, channels or groups.
"""
