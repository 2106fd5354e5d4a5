"""What only root can set up: volumes of a chosen size, with faults, without power; `tox run -e root` names this folder.

Every kind of mount is tried once; where it cannot be had its tests are skipped with the tool's own words.
"""
