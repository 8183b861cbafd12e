"""How near made dialogues come to real ones: whether a classifier tells their user turns apart."""
