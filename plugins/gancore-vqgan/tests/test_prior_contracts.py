from gancore_vqgan.prior import (
    CodePrior,
    CodeTranslation,
    Dense,
    DrawnCodes,
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


@contracts(
    CodePrior, CodeTranslation, DrawnCodes, Transformer, MaskGIT, PixelCNN, *LABELED, Dense, Strided, Fixed
)
def test_contract(check):
    check()
