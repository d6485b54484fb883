"""Where the bytes of files are: content that is found by its SHA-256, kept once, on a local folder or an object store.

`store` says what a store can do, `local` and `objects` are the two that there are, `catalogue` is the table that says
which contents exist, `sweep` removes what nothing refers to. A content exists once its row in the table does; what
lies in a store without one is a remnant of a killed process and gets swept up.
"""
