"""Tests of the time line and of the project files that are made of it."""
