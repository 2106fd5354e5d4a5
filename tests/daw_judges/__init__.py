"""What a real DAW makes of an export; `tox run -e daw` names this folder, as each run of Ardour takes seconds."""
