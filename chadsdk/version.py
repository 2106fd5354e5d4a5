"""The version of the distribution, read by the build and by the manifest."""

VERSION = "0.1.0"
