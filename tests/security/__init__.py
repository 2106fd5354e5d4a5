"""Tests of what a hostile server, playlist, file system or neighbour can do. SECURITY.md says what they hold."""
