"""How families learn: the recipe, the open two-player game, and the game that grows."""
