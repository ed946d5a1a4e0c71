"""Recipes: the interface, the two-player GAN, and the GAN whose networks grow."""
