"""What people see while gancore works: lines on a terminal, outputs in a notebook."""
