"""What a part is: its fields, its interfaces, its spec, and who registers it."""
