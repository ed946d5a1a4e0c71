"""The extractors that come with the core."""
