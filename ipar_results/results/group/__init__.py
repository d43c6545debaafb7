"""Groups, which follow several results of one or more clients as one result.

May import the other modules of results, and what results may import.
"""
