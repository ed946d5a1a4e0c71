"""The commands that alarms advise are accepted by the run that they are for."""

import shlex
import shutil

import numpy as np
import pytest

from gancore.cli import run
from gancore.measure.alarms import RULES
from gancore.runs.again import going_on
from gancore.runs.folder import RunFolder
from gancore.training.remedies import REMEDIES, remedies

SMALL = {
    "gan": ["--set", "generator.hidden=[8]", "--set", "discriminator.hidden=[8]"],
    "vae": ["--set", "generator.width=4", "--set", "encoder.width=4", "--set", "generator.latent=4"],
}
EVERY = ["--batch", "4", "--threads", "1", "--evaluate-every", "0", "--sample-every", "1000"]


@pytest.fixture(scope="module")
def began(tmp_path_factory):
    """Runs of a GAN and a VAE that have begun."""
    place = tmp_path_factory.mktemp("remedies")
    pixels = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), dtype=np.uint8)
    np.save(place / "data.npy", pixels)
    for name in ("gan", "vae"):
        words = ["train", name, "--data", str(place / "data.npy"), "--images", "8", *SMALL[name], *EVERY]
        assert run([*words, "--output", str(place / name)]) == 0
    return place


@pytest.mark.parametrize("name", ["gan", "vae"])
def test_commands_that_are_advised_are_accepted(began, tmp_path, name):
    folder = RunFolder(tmp_path / "my run")
    found = {alarm: remedies(alarm, RunFolder(began / name).recipe()) for alarm in REMEDIES}
    assert all(found[alarm] for alarm in ("collapse", "exploding-gradients", "vanishing-gradients"))
    for command in {going_on(folder, change) for several in found.values() for change in several}:
        shutil.rmtree(folder.path, ignore_errors=True)
        shutil.copytree(began / name, folder.path)
        assert run([*shlex.split(command)[1:], "--images", "12"]) == 0, command
        assert folder.log.state == "finished" and folder.log.of("changed"), command


def test_every_alarm_has_commands_but_the_one_that_needs_another_network():
    assert set(RULES) - set(REMEDIES) == {"ignored-labels"}


def test_a_penalty_that_is_there_becomes_stronger_or_weaker(tmp_path):
    from small import SmallDiscriminator, SmallGenerator

    from gancore import TwoPlayerGAN
    from gancore.standard.regularizers import R1

    game = TwoPlayerGAN(
        generator=SmallGenerator(), discriminator=SmallDiscriminator(), regularizers=[R1(gamma=8.0)]
    )
    stronger, weaker = (remedies(name, game)[-1] for name in ("overfitting", "discriminator-lost"))
    assert (stronger, weaker) == ({"regularizers.0.gamma": 32.0}, {"regularizers.0.gamma": 2.0})
