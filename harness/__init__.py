"""A reference harness for chadsdk: a world of real audio, a mock server, and a run through the public API.

Nothing here ships in the wheel. `python -m harness --help` shows what it does.
"""
