"""What the benchmarks share: the data set's parts, servers, a load generator and the peers."""
