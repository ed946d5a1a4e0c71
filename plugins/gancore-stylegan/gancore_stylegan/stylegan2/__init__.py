"""StyleGAN2 (arXiv:1912.04958), also with adaptive discriminator augmentation (ADA, arXiv:2006.06676)."""
