"""What a run was made by: entry point, commit and changes, packages, command line, environment.

What is kept, and what never is: docs/guide/capture.md.
"""
