"""One whole export with its N-th system call failed, or killed there, for each N. Needs Debian's ``strace``."""
