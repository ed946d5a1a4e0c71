"""Networks that others published, read without running anything in their files."""
