"""A local web page for exploring the latent space of a run."""
