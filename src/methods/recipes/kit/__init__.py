"""What recipes share: seeds, dice tables, two seats that talk, checks, and how a run of them is told."""
