"""What a job prints: standard output and standard error, kept line by line in the run.

How it is done, and what it can lose: docs/guide/capture.md.
"""
