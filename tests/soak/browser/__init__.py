"""Long outages in a real browser: `make soak`. `make test` has a short test for each of them."""
