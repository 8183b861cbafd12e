"""Ways to make dialogues where there are none: one file a recipe, what they share in `kit`."""
