"""The live path under load, beside a bare relay and a raw echo in the same run: `python -m benchmarks.live`."""
