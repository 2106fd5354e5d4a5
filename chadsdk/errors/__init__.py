"""Every error that chadsdk raises on purpose, and nothing else.

::

    ChadError                    stops a batch at once: it would doom every track
    ├── ConfigurationError       a value that the caller gave cannot be used (also a ValueError)
    ├── DataError                a playlist file, manifest or server reply is not what it must be
    ├── AuthError                the server refuses the credentials
    ├── StorageError             the file system refuses
    │   ├── DiskFullError        no room, found before or while writing
    │   └── AccessDeniedError    no permission, or a read-only volume
    ├── ExportExistsError        a folder of that name stands already
    ├── FormatError              a format of project files cannot hold the mix
    ├── MissingTracksError       tracks are missing and ``on_missing="fail"`` was asked for
    └── TrackError               one thing on the server or one file could not be had
        ├── ForbiddenError       403
        ├── NotFoundError        404, 410
        ├── RateLimitedError     429, or a Retry-After above what we are willing to wait, for this request or another
        ├── ServerError          5xx and other refusals that may pass
        ├── NetworkError         no connection, a connection that broke, TLS that does not verify
        │   ├── StalledError     connected, but nothing came, or too slowly
        │   └── TruncatedError   the body ended early
        ├── IntegrityError       length or digest is not the expected one
        ├── NotAudioError        the bytes are not audio, whatever the headers said
        ├── ProtocolError        an answer that HTTP or the API does not allow
        ├── UnsafeURLError       an address that must not be requested
        ├── UnsafeNameError      an id that must not become a path
        ├── LocalMissingError    a file of the library is not there
        ├── LocalUnreadableError a file of the library cannot be read
        ├── NoSourceError        the entry names neither a file nor a cloud track
        └── ConversionError      a file that is to have another sample rate cannot be decoded to its end

    ExportCancelled              not a ChadError: the caller asked for it

The class decides what a batch does: a `TrackError` makes that track missing and the batch goes on, any
other `ChadError` stops it. No message holds a token, and no address is shown with its query.
"""

from chadsdk.errors.batch import (
    AccessDeniedError,
    AuthError,
    ChadError,
    ConfigurationError,
    DataError,
    DiskFullError,
    ExportCancelled,
    ExportExistsError,
    FormatError,
    MissingTracksError,
    StorageError,
)
from chadsdk.errors.track import (
    ConversionError,
    ForbiddenError,
    IntegrityError,
    LocalMissingError,
    LocalUnreadableError,
    NetworkError,
    NoSourceError,
    NotAudioError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    Reason,
    ServerError,
    StalledError,
    TrackError,
    TruncatedError,
    UnsafeNameError,
    UnsafeURLError,
)

__all__ = [
    "AccessDeniedError",
    "AuthError",
    "ChadError",
    "ConfigurationError",
    "ConversionError",
    "DataError",
    "DiskFullError",
    "ExportCancelled",
    "ExportExistsError",
    "ForbiddenError",
    "FormatError",
    "IntegrityError",
    "LocalMissingError",
    "LocalUnreadableError",
    "MissingTracksError",
    "NetworkError",
    "NoSourceError",
    "NotAudioError",
    "NotFoundError",
    "ProtocolError",
    "RateLimitedError",
    "Reason",
    "ServerError",
    "StalledError",
    "StorageError",
    "TrackError",
    "TruncatedError",
    "UnsafeNameError",
    "UnsafeURLError",
]
