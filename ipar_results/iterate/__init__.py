"""Iteration over tasks in the order in which they end; imports live, results and what is below them."""
