"""The trained model at work: what it foresees, and how good that is."""
