"""Tests of what is kept in the cache, and what goes."""
