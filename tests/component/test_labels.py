import pytest
import torch
from small import SmallDiscriminator, SmallGenerator

from gancore import TwoPlayerGAN
from gancore.errors import UserError
from gancore.standard.conditioners import OneHot


def pipeline(**fields):
    made = TwoPlayerGAN(
        image=(3, 4, 4),
        classes=3,
        generator=SmallGenerator(width=5),
        discriminator=SmallDiscriminator(),
        **fields,
    )
    return made.pipelines()["image"]


def test_a_label_out_of_range_is_refused():
    with pytest.raises(UserError, match="label 7 is out of range; give a number from 0 to 2"):
        pipeline(conditioner=OneHot()).sample(2, seed=0, label=torch.tensor([0, 7]))


def test_a_label_where_none_is_read_is_refused():
    with pytest.raises(UserError, match="conditioner/identity reads no labels, but a label was given"):
        pipeline().sample(2, seed=0, label=torch.tensor([0, 1]))


def test_labels_are_drawn_where_none_are_given():
    assert pipeline(conditioner=OneHot()).sample(4, seed=0).shape == (4, 3, 4, 4)
