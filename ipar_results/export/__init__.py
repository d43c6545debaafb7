"""Taking a result away: as a table, a trace or a page, and reading it back."""
