"""A page on this machine where one walks through the latent space of a run."""
