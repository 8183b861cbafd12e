"""One question to a model: asked within every limit, paid once, kept, checked."""
