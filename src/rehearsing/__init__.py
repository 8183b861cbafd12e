"""An endpoint without a model, with faults on demand."""
