"""Files of runs: taken in part by part (`uploads`), found again (`reading`), counted (`storage`).

A run's journal refers to a file by the number that its writer gave it. The bytes come beside the journal, before or
after it: a row of the table `files` says how far they are.
"""
