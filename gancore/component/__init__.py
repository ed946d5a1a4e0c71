"""Parts: their fields, interfaces, specs and registration."""
