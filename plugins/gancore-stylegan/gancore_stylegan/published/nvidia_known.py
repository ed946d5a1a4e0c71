"""All settings of NVIDIA's networks: those that are read, those with only one supported value, and those
without effect on the result.

Without effect are `num_fp16_res`, `fp16_channels_last` and `fused_modconv_default` (precision, memory layout
and speed; here everything is float32), `freeze_layers` (layers that training did not update) and
`magnitude_ema_beta` (how fast the running mean squares move in training; it depends on the batch size, which
no file contains). `resample_filter` is read from the weights, and the `num_layers` of a mapping network is
counted there.
"""

__all__ = ["DISCRIMINATOR", "GENERATOR", "STYLEGAN3"]


def _names(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_MAPPING = _names("num_layers lr_multiplier w_avg_beta")
_MAPPING_2 = _MAPPING | _names("embed_features layer_features activation")
_WIDTHS = _names("c_dim img_resolution img_channels channel_base channel_max conv_clamp num_fp16_res")

GENERATOR = _MAPPING_2 | _WIDTHS | _names("z_dim w_dim architecture activation use_noise kernel_size")
GENERATOR |= _names("resample_filter fp16_channels_last fused_modconv_default")
"""Settings of StyleGAN2's generator, as in the code of ADA and of StyleGAN3."""

DISCRIMINATOR = _MAPPING_2 | _WIDTHS | _names("cmap_dim architecture activation resample_filter")
DISCRIMINATOR |= _names("mbstd_group_size mbstd_num_channels freeze_layers fp16_channels_last")
"""Settings of the discriminator."""

STYLEGAN3 = (
    _MAPPING
    | _WIDTHS
    | _names("z_dim w_dim num_layers num_critical first_cutoff first_stopband last_stopband_rel")
)
STYLEGAN3 |= _names(
    "margin_size output_scale conv_kernel filter_size lrelu_upsampling use_radial_filters magnitude_ema_beta"
)
"""Settings of StyleGAN3's generator."""
