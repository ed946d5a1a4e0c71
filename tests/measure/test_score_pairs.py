import pytest
import torch
from toy_study import Images, images, pipeline, study

from gancore.errors import MeasureError
from gancore.measure.pairs import Pairs
from gancore.measure.reconstruction import Reconstruction, absolute_error
from gancore.measure.sets import eight_bit


def test_pairs_are_compared_image_by_image():
    made, real = images(40, seed=3), images(40, seed=4)
    judged = study(pairs=(Images(made), Images(real)))
    found = Pairs()(judged)
    assert list(found) == ["MAE", "PSNR", "SSIM", "feature distance[toy-1]", "sharpness"]
    assert found["MAE"].value == pytest.approx(float(absolute_error(made, real).mean()))
    features = [judged.extractor(one).detach().double() for one in (made, real)]
    expected = float((features[0] - features[1]).norm(dim=1).mean())
    assert found["feature distance[toy-1]"].value == pytest.approx(expected, rel=1e-6)
    assert found["PSNR"].better == "higher" and found["feature distance[toy-1]"].better == "lower"


def test_equal_pairs_are_at_no_distance_and_shuffled_ones_are_not():
    real = images(40)
    same = Pairs()(study(pairs=(Images(real), Images(real))))
    assert same["MAE"].value == 0 and same["SSIM"].value == pytest.approx(1)
    other = Pairs()(study(pairs=(Images(real.flip(0)), Images(real))))
    assert other["MAE"].value > 0.05


def test_what_is_missing_is_said():
    with pytest.raises(MeasureError, match="3 images are paired with 4; give one for each"):
        study(pairs=(Images(images(3)), Images(images(4))))
    with pytest.raises(MeasureError, match="MAE needs at least 8 images in the pairs"):
        Pairs()(study(pairs=(Images(images(3)), Images(images(3)))))
    assert not study().holds("pairs")


def test_reconstructions_are_scored_on_held_out_images():
    made, unseen = pipeline(encoder=True), images(30, seed=9)
    judged = study(40, pipeline=made, held_out=Images(unseen))
    back = eight_bit(made.reconstruct(unseen, seed=0))
    assert Reconstruction()(judged)["MAE"].value == pytest.approx(float(absolute_error(unseen, back).mean()))
    assert not torch.equal(judged.reference.all[:30], unseen)
