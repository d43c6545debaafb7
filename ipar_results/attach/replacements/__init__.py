"""Replacements of attributes of ipyparallel and IPython, which :mod:`..extension` sets."""
