"""Long runs with figures: `make soak`. Not part of `make test`, which has a short test for each of these faults."""
