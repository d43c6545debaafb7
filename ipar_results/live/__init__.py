"""What is updated while tasks run: displays, widgets, streams and the channel, all in the ticker's thread.

May import every package but attach, iterate and comparison.
"""
