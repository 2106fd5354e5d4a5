"""The tests; a package, so that `tests/harness` and `harness` are two things."""
