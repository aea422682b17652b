"""Programs the benchmarks start: what is compared with, and what checks or feeds the measurement."""
