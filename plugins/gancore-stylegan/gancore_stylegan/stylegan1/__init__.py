"""StyleGAN (Karras et al. 2018, arXiv:1812.04948)."""
