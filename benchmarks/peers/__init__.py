"""Other people's downloaders, one module each, as a user of theirs would write it.

Each has `work(job)`, which fetches everything into the job's folder. A module is imported only in the child process
that runs it, and its import is no part of what is measured. None of them locks, verifies or flushes to disk.
"""
