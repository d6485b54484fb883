"""Projects, runs, their writers and attributes."""
