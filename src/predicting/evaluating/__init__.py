"""How good predictions are: figures with intervals, beside the ends of each scale."""
