"""Tests of project files by the programs that open them, and the judges that ask those programs."""
