import pytest
import torch
from toy_study import images, pipeline, study

from gancore.errors import MeasureError
from gancore.measure.reconstruction import Reconstruction, absolute_error, peak_signal_to_noise
from gancore.measure.sets import eight_bit
from gancore.measure.ssim import ssim


def test_errors_of_known_images():
    a, b = torch.zeros(2, 1, 4, 4), torch.full((2, 1, 4, 4), 0.2)
    assert absolute_error(a, b) == pytest.approx([0.1, 0.1])
    assert peak_signal_to_noise(a, b) == pytest.approx([20.0, 20.0], rel=1e-6)
    assert peak_signal_to_noise(a, a).tolist() == [100.0, 100.0]


def test_the_scores_are_means_over_the_reference():
    made = pipeline(encoder=True)
    judged = study(40, pipeline=made)
    real = judged.reference.all
    back = eight_bit(made.reconstruct(real, seed=0))
    found = Reconstruction()(judged)
    assert {name: value.better for name, value in found.items()} == {
        "MAE": "lower",
        "PSNR": "higher",
        "SSIM": "higher",
    }
    for name, values in (
        ("MAE", absolute_error(real, back)),
        ("PSNR", peak_signal_to_noise(real, back)),
        ("SSIM", ssim(real, back)),
    ):
        assert found[name].value == pytest.approx(float(values.mean()))
        assert found[name].error == pytest.approx(float(values.std()) / 40**0.5)


def test_images_under_ssims_window_have_the_others():
    small = study(40, size=8, pipeline=pipeline((3, 8, 8), encoder=True))
    assert list(Reconstruction()(small)) == ["MAE", "PSNR"]


def test_too_few_images_are_refused():
    with pytest.raises(
        MeasureError, match=r"MAE needs at least 8 images in the reference \(a mean over images\); got 3"
    ):
        Reconstruction()(study(real=images(3), pipeline=pipeline(encoder=True)))
