"""Doubts about a pair, found by rule and by a judge."""
