"""The rest of the process: settings, the runtime, logging, metrics. Imports none of the layers above it."""
