"""Measures chadsdk against its peers, in one run and round by round. `python -m benchmarks --help`.

Nothing here ships in the wheel. From below: `spread`, `goal` and `result` (values), `job` (what a contender is to
do), `child` and `contender` (who does it, in a process of its own), `servers` (who serves it), `workloads` (the rows
of the table), `table`, `chart` and `machine` (how it is told).
"""
