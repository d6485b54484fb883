"""Whole runs out and in: export, import, TensorBoard's files, and checking a journal against the server."""
