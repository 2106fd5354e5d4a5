"""Tests of the lower rooms: errors, values, cancelling, progress, the JSON door, files, addresses, retries, auth."""
