"""The benchmarks themselves: that they count, judge and tell what they should."""
