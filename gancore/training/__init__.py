"""How a recipe is trained: the verbs, the players, the loop, checkpoints and the log."""
