"""One page and one screen of what a run has made."""
