"""Pairs into the files that trainers read."""
