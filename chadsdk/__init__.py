"""A placeholder until the rooms above stand."""
