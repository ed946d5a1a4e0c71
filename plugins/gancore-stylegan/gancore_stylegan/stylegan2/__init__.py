"""StyleGAN2 (Karras et al. 2019, arXiv:1912.04958), and with adaptive augmentation (2020,
arXiv:2006.06676).
"""
