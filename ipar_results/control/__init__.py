"""Actions on tasks, cancel and retry, and the watchdog that ends tasks which can no longer finish.

They work on a :class:`.scope.TaskScope`. May import record, upstream, model and the modules at the root.
"""
