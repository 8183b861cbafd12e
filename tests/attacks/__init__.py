"""Attacks on every command, kept so that what once broke stays mended: `python -m tests.attacks`."""
