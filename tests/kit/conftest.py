import sys
from pathlib import Path

# the mutants are a module of their own, which the second process of the kit imports too
sys.path.insert(0, str(Path(__file__).parent))
