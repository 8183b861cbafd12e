"""The published method: one preference pair from one dialogue."""
