"""A playlist into an export folder: plan, preflight, download, copy, papers, one rename."""

from chadsdk.export.exporter import MixExporter
from chadsdk.export.job import ExportJob
from chadsdk.export.manifest import ConvertedFrom, Manifest, ManifestEntry, Status, manifest_schema
from chadsdk.export.plan import Cloud, ExportPlan, Local, Missing, PlannedEntry
from chadsdk.export.preflight import PreflightReport, VolumeNeed
from chadsdk.export.result import ExportResult
from chadsdk.export.verify import Finding, State, VerifyReport, verify_export

__all__ = [
    "Cloud",
    "ConvertedFrom",
    "ExportJob",
    "ExportPlan",
    "ExportResult",
    "Finding",
    "Local",
    "Manifest",
    "ManifestEntry",
    "Missing",
    "MixExporter",
    "PlannedEntry",
    "PreflightReport",
    "State",
    "Status",
    "VerifyReport",
    "VolumeNeed",
    "manifest_schema",
    "verify_export",
]
