"""Checkpoints of rosinality/stylegan2-pytorch, and what plain functions make of the same weights."""

import argparse

import pytest
import torch
from gancore_stylegan.published.rosinality_names import rosinality_name
from rosinality_maker import LATENT, code_of, discriminator_state, generator_state, image_of, scores_of

from gancore.cli import run as gancore
from gancore.errors import CheckpointError
from gancore.pipeline import evaluating
from gancore.published import import_discriminator, import_generator, read_networks
from gancore.runs.opening import load_pipeline


def checkpoint(folder, **more):
    path = folder / "000000.pt"
    args = argparse.Namespace(size=16, lr=0.002, path="images")
    torch.save(
        {
            "g": generator_state(2),
            "d": discriminator_state(),
            "g_ema": generator_state(),
            "args": args,
            "ada_aug_p": 0.0,
            **more,
        },
        path,
    )
    return path


def off(found, expected):
    assert found.shape == expected.shape
    return float((found - expected).abs().max() / expected.abs().max())


@torch.no_grad()
def test_a_checkpoint_gives_the_images_and_scores_of_its_weights(tmp_path):
    mean = torch.linspace(-1, 1, LATENT)
    networks = read_networks(checkpoint(tmp_path, latent_avg=mean))
    assert sorted(networks) == ["d", "g", "g_ema"]
    pipeline, judge = (
        import_generator(networks["g_ema"], noise="constant"),
        import_discriminator(networks["d"]),
    )
    z, state = torch.randn(3, LATENT, generator=torch.Generator().manual_seed(0)), generator_state()
    codes = torch.stack([code_of(state, each) for each in z])
    images = torch.cat([image_of(state, w) for w in codes])
    with evaluating(*pipeline.parts.values(), judge):
        w = pipeline.conditioner(z)
        found = {
            "w": off(w, codes[:, None].expand(w.shape)),
            "image": off(pipeline.generator(w), images),
            "truncated": off(
                pipeline.generator(pipeline.conditioner.truncate(w, 0.5)),
                torch.cat([image_of(state, (mean + each) / 2) for each in codes]),
            ),
            "scores": off(judge(images), scores_of(discriminator_state(), images)),
        }
    print(found)
    assert max(found.values()) < 1e-5 and images.std() > 0.1


def test_without_a_mean_of_w_it_is_taken_over_latents(tmp_path):
    pipeline = import_generator(read_networks(checkpoint(tmp_path))["g_ema"])
    state = generator_state()
    z = torch.randn(2000, LATENT, generator=torch.Generator().manual_seed(5))
    assert (
        pipeline.conditioner.mean - torch.stack([code_of(state, each) for each in z]).mean(0)
    ).abs().max() < 0.1
    assert pipeline.conditioner.mean.abs().max() > 0.01


def test_the_command(tmp_path, capsys):
    path, output = checkpoint(tmp_path), tmp_path / "imported"
    assert gancore(["import", str(path), "--output", str(output), "--noise", "constant"]) == 0
    assert "generator/stylegan2, images of 16×16, 3 channels" in capsys.readouterr().out
    pipeline = load_pipeline(output)
    latent, _ = pipeline.draw(1, seed=0)
    assert torch.allclose(
        pipeline.render(latent),
        image_of(generator_state(), code_of(generator_state(), latent[0])).clamp(-1, 1),
        atol=1e-4,
    )
    assert (output / "recipe.toml").is_file()


def changed(name, value):
    return generator_state() | {name: value}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            changed("style.2.weight", torch.zeros(7, 7)),
            r"style.2.weight is \(7, 7\), but \(6, 6\) was expected",
        ),
        (changed("input.input", torch.zeros(1, 4000, 4, 4)), "4000, 4, 2. feature maps, which do not halve"),
        (
            changed("convs.2.conv.weight", torch.zeros(1, 2, 5, 3, 3)),
            r"convs.2.conv.weight is \(1, 2, 5, 3, 3\), but",
        ),
        (
            changed("convs.2.conv.weight", torch.zeros(2)),
            r"convs.2.conv.weight is \(2,\), but a shape of 5 positive numbers",
        ),
        (changed("to_rgb1.bias", torch.zeros(1, 10**6, 1, 1)), "images of 1000000 channels, more than 64"),
        (
            changed("to_rgbs.1.bias", torch.zeros(1, 4, 1, 1)),
            "the weights do not fit generator/stylegan2: to_images.2.bias is",
        ),
        (
            changed("convs.4.conv.weight", torch.zeros(1)),
            "the weights do not fit generator/stylegan2: blocks.2.up.weight is not known",
        ),
        (changed("convs.0.conv.blur.kernel", torch.ones(4, 4)), r"is not the filter \[1, 3, 3, 1\]"),
        (
            changed("wavelet.bias", torch.ones(1)),
            "wavelet.bias is not the name of a weight of rosinality's StyleGAN2",
        ),
        (
            {key: value for key, value in generator_state().items() if "style" not in key},
            "0 tensors like style",
        ),
        (discriminator_state(), "a state dict is not a generator of .*NVIDIA's"),
    ],
)
def test_weights_that_cannot_be(tmp_path, state, message):
    with pytest.raises(CheckpointError, match=message):
        import_generator(read_networks(checkpoint(tmp_path, g_ema=state))["g_ema"])


def test_a_refusal_names_the_file_and_what_is_read(tmp_path, capsys):
    path = checkpoint(tmp_path, g_ema=discriminator_state())
    assert gancore(["import", str(path), "--output", str(tmp_path / "new")]) == 1
    assert f"gancore: {path}: g_ema: a state dict is not a generator of" in capsys.readouterr().err
    path.write_bytes(b"PK")
    assert gancore(["import", str(path), "--output", str(tmp_path / "new")]) == 1
    assert (
        "give a file of published weights: a checkpoint or state dict" in capsys.readouterr().err
        and not (tmp_path / "new").exists()
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "convs.1.conv2.1.weight",
            torch.zeros(4, 3, 3, 3),
            r"convs.1.conv2.1.weight is \(4, 3, 3, 3\), but \(4, 2, 3, 3\)",
        ),
        (
            "convs.1.conv1.1.bias",
            torch.zeros(3),
            "the weights do not fit discriminator/stylegan2: blocks.0.conv.bias is",
        ),
        ("convs.2.skip.0.kernel", torch.ones(4, 4), "is not the filter"),
    ],
)
def test_discriminators_that_cannot_be(tmp_path, name, value, message):
    with pytest.raises(CheckpointError, match=message):
        import_discriminator(
            read_networks(checkpoint(tmp_path, d=discriminator_state() | {name: value}))["d"]
        )


def test_names():
    assert rosinality_name("convs.0.noise.weight") == "generator.blocks.0.up.noise.strength"
    assert rosinality_name("convs.5.activate.bias") == "generator.blocks.2.conv.bias"
    assert rosinality_name("noises.noise_4") == "generator.blocks.1.conv.noise.constant"
    assert rosinality_name("to_rgbs.1.conv.modulation.bias") == "generator.to_images.2.style.bias"
    assert rosinality_name("convs.3.conv2.2.bias") == "discriminator.blocks.2.down.bias"
