"""Files made to harm whoever reads them: in large numbers for `tools/torture.py`, in small ones for tests.

Each module makes one kind anew from a seed; `judging` tells what they cost and how they end.
"""
