"""Search over everything: names, attributes and artifacts by their texts, and every line that runs have printed.

`phrases` says what matches, `filters` lets a search pass over most of the logs without reading them, `logs` and `names`
find.
"""
