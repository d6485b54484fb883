"""Bringing journals and files to the server, in the background of a job or by `tidelog sync`."""
