"""PNG files row by row, of 8 and of 16 bits, in memory that does not grow with the image."""
