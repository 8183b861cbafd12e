"""Any file of conversations into samples, or a reason why not."""
