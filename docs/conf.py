"""Sphinx configuration for `make docs`. Neither building nor reading the pages needs a network."""

from importlib.metadata import version as version_of

project = "ipar_results"
author = "ipar_results contributors"
copyright = "the ipar_results contributors"
version = release = version_of("ipar_results")

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
source_suffix = {".md": "markdown"}
exclude_patterns: list[str] = []
myst_enable_extensions = ["colon_fence", "attrs_inline"]
myst_heading_anchors = 3

nitpicky = True
# names of other packages: resolving them would need a network
nitpick_ignore_regex = [
    ("py:.*", r"(ipyparallel|ipywidgets|traitlets|pandas|numpy|os|pathlib|collections|concurrent)\..*"),
    ("py:.*", r"(Any|Path|PathLike|AsyncResult|optional|path|None|EngineId|Status|State)"),
]

autodoc_member_order = "bysource"
autosummary_generate = False
autodoc_typehints = "none"  # the docstrings describe the types
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False
numpydoc_show_inherited_class_members = False

html_theme = "furo"
html_title = "ipar_results"
html_copy_source = False
html_show_sourcelink = False
