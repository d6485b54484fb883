"""Float series: points, how they are stored, summarised, folded and read.

`points` is what a series consists of, `codec` how a chunk of it becomes bytes, `pyramid` its summaries, `chunks` the
rows of the database, `fold` the way from the ingest log into them, `charts` and `export` the ways back.
"""
