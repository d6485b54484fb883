"""Artifacts: named, versioned collections of files, which lie here (uploaded) or elsewhere (tracked); lineage.

`manifests` makes versions of what clients send, `artifacts` finds them.
"""
