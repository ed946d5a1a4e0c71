"""Sample grids, curves and the report."""
