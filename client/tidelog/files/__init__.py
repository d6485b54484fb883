"""Files that are logged: single ones, series, sets, and artifacts."""
