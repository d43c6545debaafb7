"""Analysis of a finished run: what its time went into, and what would have made it shorter.

May import what `facts` may; its rules only see arrays, not a record.
"""
