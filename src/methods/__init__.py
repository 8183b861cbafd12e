"""What is asked of a model to make data: one folder a method, its prompts beside its one readable function."""
