"""A model that learns from training files, by TRL and PEFT."""
