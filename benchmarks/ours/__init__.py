"""What chadsdk does in the benchmarks, one module per kind of work; always whole, by its public interface."""
