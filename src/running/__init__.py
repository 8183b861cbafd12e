"""Many items through a method, each ending as a record or a failure, resumable."""
