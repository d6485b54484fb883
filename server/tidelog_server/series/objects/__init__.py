"""Series whose points are not numbers: texts, histograms, files. Their values are bytes here, whatever they mean.

`points` is what such a series consists of, `codec` how a chunk of it becomes bytes, `chunks` and `heads` the rows of
the database, `growth` and `folding` the way from the ingest log into them, `reading` the way back.
"""
