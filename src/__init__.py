"""ProUtt: dialogues in, preference and SFT data for next-utterance prediction out."""
