"""From the wire to the ingest log: journal batches are checked, committed as they came, and acknowledged.

`records` reads the format, `batches` keeps decoded ones, `log` is the table, `committer` turns many requests into one
commit.
"""
