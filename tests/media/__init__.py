"""Tests of `chadsdk.media`."""
