from gancore_vqgan.prior import (
    CodePrior,
    Dense,
    Fixed,
    LabeledMaskGIT,
    LabeledPixelCNN,
    LabeledTransformer,
    MaskGIT,
    PixelCNN,
    Strided,
    Transformer,
)

from gancore.testing import contracts

LABELED = (LabeledTransformer, LabeledMaskGIT, LabeledPixelCNN)


@contracts(CodePrior, Transformer, MaskGIT, PixelCNN, *LABELED, Dense, Strided, Fixed)
def test_contract(check):
    check()
