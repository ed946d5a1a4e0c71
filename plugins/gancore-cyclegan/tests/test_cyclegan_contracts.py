from gancore_cyclegan import (
    CUT,
    UNIT,
    CodeDecoder,
    CodeEncoder,
    CycleGAN,
    GlobalSkip,
    PatchNCE,
    PlainPatchGAN,
    ThroughCode,
)

from gancore.testing import contracts


@contracts(
    CycleGAN,
    CUT,
    UNIT,
    PatchNCE,
    GlobalSkip,
    PlainPatchGAN,
    CodeEncoder,
    CodeDecoder,
    ThroughCode,
    expected_failures={},
)
def test_contract(check):
    check()
