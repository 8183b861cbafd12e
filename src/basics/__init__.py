"""Small things that know nothing of dialogues, models or pairs."""
