"""Pure views of a snapshot: text for terminals, HTML for notebooks."""
