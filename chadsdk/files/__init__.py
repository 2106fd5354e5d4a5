"""Small hands for files: portable names, whole writes, copies that can be cancelled.

Errors of the operating system come out as they are; whoever knows what was being done names them.
"""

from chadsdk.files.copying import (
    Copied,
    SourceUnreadableError,
    copy_file,
    hash_file,
    open_regular,
    piece_buffer,
    read_own,
)
from chadsdk.files.names import collision_key, inside, portable_name, safe_id, unique_name
from chadsdk.files.private import make_private_folder, make_private_root
from chadsdk.files.writing import (
    new_file,
    sync_folder,
    sync_tree,
    unique_word,
    write_advisory,
    write_all,
    write_whole,
)

__all__ = [
    "Copied",
    "SourceUnreadableError",
    "collision_key",
    "copy_file",
    "hash_file",
    "inside",
    "make_private_folder",
    "make_private_root",
    "new_file",
    "open_regular",
    "piece_buffer",
    "portable_name",
    "read_own",
    "safe_id",
    "sync_folder",
    "sync_tree",
    "unique_name",
    "unique_word",
    "write_advisory",
    "write_all",
    "write_whole",
]
