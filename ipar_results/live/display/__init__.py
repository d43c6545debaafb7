"""Views of one result in a cell or a widget. May import render, results, and what stands below them."""
