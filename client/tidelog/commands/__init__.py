"""The command line, one command per module. Each has `add`, which adds its parser to the others."""
