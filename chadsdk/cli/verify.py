"""``chadsdk verify``: whether an export still holds what its manifest says."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from chadsdk.cli.codes import FAILED, MISSING
from chadsdk.cli.options import cancelled_by_signals
from chadsdk.export import VerifyReport, verify_export
from chadsdk.text import one_line

__all__ = ["verify"]


@click.command()
@click.argument("export_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def verify(export_dir: Path, as_json: bool) -> int:
    """Hash every file of an export and compare it with its manifest.

    Ends with 0 when every file is intact, 3 when they are but tracks were missing from the start, 1 when a file was
    changed or is gone.
    """
    with cancelled_by_signals() as token:
        report = verify_export(export_dir, cancel=token)
    if as_json:
        click.echo(json.dumps(_as_object(report)))
    else:
        for finding in report.damaged:
            click.echo(f"{finding.state}: {one_line(finding.file)}: {finding.detail}")
        intact = len(report.findings) - len(report.damaged)
        missing = len(report.manifest.missing)
        click.echo(f"{intact} of {len(report.findings)} files are intact; missing from the start: {missing}.")
    if report.damaged:
        return FAILED
    return MISSING if report.manifest.missing else 0


def _as_object(report: VerifyReport) -> dict[str, object]:
    return {
        "files": len(report.findings),
        "intact": len(report.findings) - len(report.damaged),
        "missing": len(report.manifest.missing),
        "damaged": [asdict(finding) for finding in report.damaged],
    }
