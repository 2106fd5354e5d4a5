"""The user's library: tracks, playlists, and the files that playlists are kept in.

Knows nothing of servers' replies, downloads or the cache; no model here has a field for a cached file.
"""

from chadsdk.library.playlist import Playlist
from chadsdk.library.track import CloudListing, PlaylistEntry, Problem, Track

__all__ = ["CloudListing", "Playlist", "PlaylistEntry", "Problem", "Track"]
