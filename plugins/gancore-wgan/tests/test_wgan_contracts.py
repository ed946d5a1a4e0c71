from gancore_wgan import (
    WGAN,
    WGANGP,
    StridedWGANGPCritic,
    WGANCritic,
    WGANGenerator,
    WGANGPCritic,
    WGANGPGenerator,
)

from gancore.testing import contracts


@contracts(WGAN, WGANGenerator, WGANCritic, WGANGP, WGANGPGenerator, WGANGPCritic, StridedWGANGPCritic)
def test_contract(check):
    check()
