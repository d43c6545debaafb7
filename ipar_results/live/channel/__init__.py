"""Channel to the labextension: its wire protocol, requests, actions and updates.

May import live.actions, live.ticker, live.display, results, and what stands below them.
"""
