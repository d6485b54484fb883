"""What measures tidelog, and tidelog beside its peers and beside what the machine can do.

`python -m benchmarks` runs everything and prints one table; `python -m benchmarks.append` and its neighbours run one
subject each. Nothing here is a test: figures depend on the machine, so each is printed with a ratio to something that
was measured in the same run, round by round in turn.
"""
