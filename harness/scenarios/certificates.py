"""Certificates that are good, and that are not, each by an authority of its own that the user trusts or does not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from harness.process import TlsFiles

__all__ = ["tls_files"]

HOST = "127.0.0.1"
OTHER_HOST = "elsewhere.example"


def tls_files(kind: str | None, folder: Path) -> TlsFiles | None:
    """Make a certificate of that kind, and the file of what a client trusts; None where no kind is asked for."""
    if kind is None:
        return None
    import trustme  # only some scenarios need it, and it takes long to import

    authority, stranger = trustme.CA(), trustme.CA()
    ended = datetime(2020, 1, 1, tzinfo=UTC) if kind == "expired" else None
    begun = datetime(2019, 1, 1, tzinfo=UTC) if ended else None
    host = OTHER_HOST if kind == "wrong-host" else HOST
    certificate = authority.issue_cert(host, not_after=ended, not_before=begun)
    trusted = stranger if kind == "unknown-authority" else authority
    files = TlsFiles(folder / f"{kind}.pem", folder / f"{kind}.key", folder / f"{kind}-trusted.pem")
    certificate.cert_chain_pems[0].write_to_path(files.certificate)
    certificate.private_key_pem.write_to_path(files.key)
    trusted.cert_pem.write_to_path(files.authority)
    return files
