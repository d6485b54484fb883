"""The query language: from text to a condition on runs.

`tokens` cuts the text, `parser` makes the tree of `syntax` out of it, `conditions` turns the tree into SQL. The rules
of types are in `value_types` and `checks`, relative times in `moments`, regular expressions in `patterns`. Users read
`docs/reference/query-language.md`.
"""
