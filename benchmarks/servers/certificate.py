"""A certificate for loopback, made for one run."""

from __future__ import annotations

from pathlib import Path

import trustme

from harness.process import TlsFiles

__all__ = ["make_certificate"]


def make_certificate(folder: Path) -> TlsFiles:
    """Write an authority and a certificate for 127.0.0.1 into a folder."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    files = TlsFiles(folder / "certificate.pem", folder / "key.pem", folder / "authority.pem")
    authority.cert_pem.write_to_path(files.authority)
    issued.private_key_pem.write_to_path(files.key)
    for number, part in enumerate(issued.cert_chain_pems):
        part.write_to_path(files.certificate, append=number > 0)
    return files
