"""Tests of the edge rooms: session, transport, ChadMusic client, cache and download, on real sockets and files."""
