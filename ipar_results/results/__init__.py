"""Registry of followed results, their facades, monitors and groups, and overviews of clusters.

May import control, export, facts, record, upstream, render, model and the modules at the package's root.
"""
