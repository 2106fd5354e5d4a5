"""The exporter, on a real server, a real disk and real audio."""
