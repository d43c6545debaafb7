"""Pure renderers of the model's frozen types: text for terminals, HTML for notebooks.

It may import ``model`` and the modules at the package's root, nothing else of this package.
"""
