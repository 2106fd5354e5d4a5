"""A playlist into an export folder: plan, preflight, download, copy, papers, one rename."""

from chadsdk.export.exporter import ExportResult, MixExporter
from chadsdk.export.job import ExportJob
from chadsdk.export.manifest import Manifest, ManifestEntry, Status, manifest_schema
from chadsdk.export.plan import Cloud, ExportPlan, Local, Missing, PlannedEntry
from chadsdk.export.preflight import PreflightReport, VolumeNeed

__all__ = [
    "Cloud",
    "ExportJob",
    "ExportPlan",
    "ExportResult",
    "Local",
    "Manifest",
    "ManifestEntry",
    "Missing",
    "MixExporter",
    "PlannedEntry",
    "PreflightReport",
    "Status",
    "VolumeNeed",
    "manifest_schema",
]
