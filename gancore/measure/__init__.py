"""Scores of generative models that say how they were made."""
