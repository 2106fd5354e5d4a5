"""The project around the code: packaging, papers, shape of the tree."""
