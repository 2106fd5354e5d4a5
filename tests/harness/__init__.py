"""Tests of the harness: a mock server that lies by mistake would make every other test worthless."""
