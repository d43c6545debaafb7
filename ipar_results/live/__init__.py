"""Displays that move while work runs."""
