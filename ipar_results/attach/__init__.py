"""Everything that is attached to objects of ipyparallel and IPython, and how it is removed.

May import every package but comparison and iterate.
"""
