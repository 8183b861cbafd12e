"""Samples made in many processes, on one machine or several, by Ray; everything else stays where it is."""
