from gancore_esrgan.degradation import (
    JPEG,
    ClassicalDegradation,
    EightBit,
    GaussianNoise,
    PoissonNoise,
    RandomBlur,
    RandomNoise,
    SecondOrderDegradation,
    SincFilter,
    UnsharpMask,
)

from gancore.testing import contracts

AUGMENTS = (RandomBlur, SincFilter, UnsharpMask, GaussianNoise, PoissonNoise, RandomNoise, JPEG, EightBit)


@contracts(*AUGMENTS, ClassicalDegradation, SecondOrderDegradation)
def test_contract(check):
    check()
