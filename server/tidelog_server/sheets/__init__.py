"""Sheets: the runs of a project as columns in memory, for sorting, filtering and grouping very many of them.

The rows of the database stay the truth. A process keeps the columns that were asked for, and before each use reads
those runs again that have changed (`store`); it never writes here. `loading` holds the SQL, `column` what a column is,
`masks` evaluates queries, `order` sorts by several keys and pages, `groups` makes groups with aggregates.
"""
