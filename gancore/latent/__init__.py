"""Walks through latent space, on any pipeline that draws latents."""
