"""Torture: many processes, sudden death, a flaky server. Long; `tox run -e torture` runs it, the usual run does not."""
