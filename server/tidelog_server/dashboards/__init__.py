"""Dashboards and reports: widgets over the runs of a project, placed by people, saved and shared.

`content` is what one holds and how it is checked, `store` keeps it, `selection` finds the runs and metrics that it is
about. Drawing is what pages do.
"""
