"""What moves users: strategies taken from real turns, joined where they are alike, and put into a library."""
