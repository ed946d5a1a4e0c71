"""Published networks of each architecture and with each width that settings can say, beside plain
functions of their weights.
"""

import itertools

import numpy as np
import pytest
import torch
from gancore_stylegan import LabeledStyleGAN2Discriminator
from stylegan_formulas import (
    alias_free_kernels,
    joined,
    mapping,
    normalized,
    projected,
    stylegan2_image,
    stylegan2_scores,
    stylegan3_image,
)
from stylegan_import_maker import network_pickle, tree
from stylegan_import_pairs import CODE, KINDS, LATENT, converted, discriminator, synthesis
from stylegan_import_pairs import mapping as mapping_pair

from gancore.cli import run as gancore
from gancore.component.specs import build, spec
from gancore.errors import CheckpointError, SpecError
from gancore.pipeline import evaluating
from gancore.published import import_discriminator, import_generator, read_networks
from gancore.verbs.recipes import recipe_of

ADDRESSES = {"skip": "stylegan2", "orig": "stylegan2-plain", "resnet": "stylegan2-residual"}
JUDGES = {"skip": "stylegan2-skip", "orig": "stylegan2-plain", "resnet": "stylegan2"}
SIZES = {"c_dim": 0, "img_resolution": 16, "img_channels": 3}
GENERATOR = {"z_dim": LATENT, "w_dim": CODE, "mapping_kwargs": {"num_layers": 3}}
WIDTHS = {"channel_base": 70, "channel_max": 9}


def through_a_file(folder, protocol=4, **networks):
    path = folder / "network.pkl"
    trees = {name: tree(tensors, kwargs=kwargs) for name, (tensors, kwargs) in networks.items()}
    path.write_bytes(network_pickle(trees, protocol=protocol))
    return read_networks(path)


def draw(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def off(found, expected):
    assert found.shape == expected.shape
    return float((found - expected).abs().max() / expected.abs().max())


@torch.no_grad()
def agrees(pipeline, z, label, image, code):
    """How far the codes and images of a pipeline are from those of the formulas, and that the images are
    alive.
    """
    with evaluating(*pipeline.parts.values()):
        for part in pipeline.parts.values():
            part.double()
        found = pipeline.conditioner(z, *(() if label is None else (label,)))
        assert image.std() > 0.05
        assert max(off(found, code[:, None].expand_as(found)), off(pipeline.generator(found), image)) < 1e-6


def generated(pair, codes, architecture, z, label=None, multiplier=0.01):
    """The codes and images of the formulas."""
    inputs = normalized(z) if label is None else joined(codes.state, z, label)
    code = mapping(codes.state, inputs, multiplier, gain_after=True)
    return code, stylegan2_image(pair.state, code[:, None].expand(-1, 20, -1), KINDS[architecture])


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("size", [4, 8, 32])
@pytest.mark.parametrize("architecture", KINDS)
def test_generators_of_each_architecture(tmp_path, architecture, size, nested):
    pair, codes = synthesis(architecture, size), mapping_pair()
    network = WIDTHS | {"architecture": architecture}
    kwargs = (
        GENERATOR | SIZES | {"img_resolution": size} | ({"synthesis_kwargs": network} if nested else network)
    )
    network = through_a_file(tmp_path, G_ema=(pair.tensors | codes.tensors, kwargs))["G_ema"]
    pipeline = import_generator(network, noise="constant")
    assert (
        pipeline.generator.qualified_name
        == f"generator/{ADDRESSES[architecture] if size > 4 else 'stylegan2'}"
    )
    z = draw(3, LATENT)
    agrees(pipeline, z, None, *generated(pair, codes, architecture, z)[::-1])


@pytest.mark.parametrize("group", [4, 2, None])
@pytest.mark.parametrize("size", [8, 32])
@pytest.mark.parametrize("architecture", KINDS)
def test_discriminators_of_each_architecture(tmp_path, architecture, size, group):
    pair = discriminator(architecture, size)
    kwargs = SIZES | WIDTHS | {"img_resolution": size, "architecture": architecture}
    kwargs |= {"epilogue_kwargs": {"mbstd_group_size": group}}
    judge = import_discriminator(through_a_file(tmp_path, D=(pair.tensors, kwargs))["D"])
    assert (judge.qualified_name, judge.group) == (f"discriminator/{JUDGES[architecture]}", group or 0)
    images = draw(8, 3, size, size)
    with evaluating(judge), torch.no_grad():
        assert (
            off(
                judge.double()(images),
                stylegan2_scores(pair.state, images, KINDS[architecture], group or 8)[:, 0],
            )
            < 1e-6
        )


@pytest.mark.parametrize(("embedding", "hidden"), [(None, None), (4, None), (None, 5), (9, 3)])
@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("layers", [1, 3])
def test_widths_of_a_generators_mapping(tmp_path, embedding, hidden, classes, layers):
    told = {"embedding": embedding, "hidden": hidden, "multiplier": 0.02}
    pair, codes = synthesis("skip", 8), mapping_pair(classes, layers, **told)
    inner = {
        "num_layers": layers,
        "embed_features": embedding,
        "layer_features": hidden,
        "lr_multiplier": 0.02,
    }
    kwargs = GENERATOR | SIZES | WIDTHS | {"img_resolution": 8, "c_dim": classes, "mapping_kwargs": inner}
    pipeline = import_generator(
        through_a_file(tmp_path, G=(pair.tensors | codes.tensors, kwargs))["G"], noise="constant"
    )
    z = draw(3, LATENT)
    label = torch.eye(3).double()[[0, 2, 1]] if classes else None
    agrees(pipeline, z, label, *generated(pair, codes, "skip", z, label, 0.02)[::-1])
    assert (
        build(spec(pipeline.conditioner), "conditioner").state_dict().keys()
        == pipeline.conditioner.state_dict().keys()
    )


@pytest.mark.parametrize("architecture", KINDS)
@pytest.mark.parametrize(
    ("layers", "width", "embedding", "hidden"),
    [
        (2, None, None, None),
        (0, None, None, None),
        (0, 5, None, None),
        (1, None, 4, None),
        (3, 5, 4, 3),
        (2, None, None, 3),
    ],
)
def test_widths_of_a_discriminators_labels(tmp_path, architecture, layers, width, embedding, hidden):
    told = {"layers": layers, "width": width, "embedding": embedding, "hidden": hidden, "multiplier": 0.1}
    pair = discriminator(architecture, 8, classes=3, **told)
    inner = {
        "num_layers": layers,
        "embed_features": embedding,
        "layer_features": hidden,
        "lr_multiplier": 0.1,
    }
    kwargs = (
        SIZES | WIDTHS | {"img_resolution": 8, "c_dim": 3, "cmap_dim": width, "architecture": architecture}
    )
    judge = import_discriminator(
        through_a_file(tmp_path, D=(pair.tensors, kwargs | {"mapping_kwargs": inner}))["D"]
    )
    assert judge.qualified_name == f"discriminator/{JUDGES[architecture]}-labels"
    images, label = draw(4, 3, 8, 8), torch.eye(3).double()[[0, 2, 1, 1]]
    features = stylegan2_scores(pair.state, images, KINDS[architecture], 4)
    with evaluating(judge), torch.no_grad():
        assert off(judge.double()(images, label), projected(pair.state, features, label, 0.1)) < 1e-6
    assert build(spec(judge), "discriminator").state_dict().keys() == judge.state_dict().keys()


CONVERTED = [
    {},
    {"classes": 3},
    {"classes": 3, "label_layers": 2},
    {"classes": 3, "label_layers": 3, "d_mapping_fmaps": 5},
    {"architecture": "resnet", "d_architecture": "skip"},
    {"architecture": "orig", "d_architecture": "orig", "mapping_fmaps": 5},
]


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("case", range(len(CONVERTED)))
def test_converted_files_of_the_tensorflow_code(tmp_path, case, flat):
    more = CONVERTED[case]
    classes, size = more.get("classes", 0), 16
    generator, judge = converted(size, flat=flat, **more)
    pair = synthesis(more.get("architecture", "skip"), size)
    codes = mapping_pair(classes, 3, hidden=more.get("mapping_fmaps"))
    labels = {"layers": more.get("label_layers", 0), "width": more.get("d_mapping_fmaps"), "multiplier": 0.1}
    scores = discriminator(judge["architecture"], size, classes=classes, **labels)
    networks = {"G_ema": (pair.tensors | codes.tensors, generator), "D": (scores.tensors, judge)}
    found = through_a_file(tmp_path, protocol=2 + case % 4, **networks)
    pipeline, made = import_generator(found["G_ema"], noise="constant"), import_discriminator(found["D"])
    assert made.group == 0 and pipeline.conditioner.decay == 0.995 and pipeline.conditioner.mixing == 0.9
    z = draw(6, LATENT)
    label = torch.eye(3).double()[[0, 2, 1, 1, 0, 2]] if classes else None
    code, image = generated(pair, codes, more.get("architecture", "skip"), z, label)
    agrees(pipeline, z, label, image, code)
    expected = stylegan2_scores(scores.state, image, KINDS[judge["architecture"]], 6)
    expected = projected(scores.state, expected, label, 0.1) if classes else expected[:, 0]
    with evaluating(made), torch.no_grad():
        assert off(made.double()(image, *(() if label is None else (label,))), expected) < 1e-6


@pytest.mark.parametrize("case", range(len(CONVERTED)))
def test_a_converted_file_is_trained_further(tmp_path, capsys, case):
    more = CONVERTED[case]
    classes, size = more.get("classes", 0), 8
    generator, judge = converted(size, **more)
    codes = mapping_pair(classes, 3, hidden=more.get("mapping_fmaps"))
    pair = synthesis(more.get("architecture", "skip"), size)
    labels = {"layers": more.get("label_layers", 0), "width": more.get("d_mapping_fmaps"), "multiplier": 0.1}
    scores = discriminator(judge["architecture"], size, classes=classes, **labels)
    path = tmp_path / "new.pkl"
    trees = {
        "G": tree(pair.tensors | codes.tensors, kwargs=generator),
        "D": tree(scores.tensors, kwargs=judge),
    }
    path.write_bytes(network_pickle({**trees, "G_ema": trees["G"]}))
    assert gancore(["import", str(path), "--output", str(tmp_path / "imported")]) == 0
    assert "to train it further" in capsys.readouterr().out
    recipe = recipe_of(str(tmp_path / "imported" / "recipe.toml"), [])
    state = import_discriminator(read_networks(path)["D"]).state_dict()
    assert recipe.discriminator.group == 0
    assert all(torch.equal(value, recipe.discriminator.state_dict()[name]) for name, value in state.items())
    data, labels = tmp_path / "images.npy", tmp_path / "labels.npy"
    np.save(data, np.random.default_rng(0).integers(0, 256, (12, 3, 8, 8), dtype=np.uint8))
    np.save(labels, np.arange(12) % 3)
    words = [
        "--images",
        "8",
        "--batch",
        "4",
        "--checkpoint-every",
        "8",
        "--evaluate-every",
        "0",
        "--hold-out",
        "0",
        "--threads",
        "1",
    ]
    words += ["--labels", str(labels)] if classes else []
    assert (
        gancore(
            [
                "train",
                str(tmp_path / "imported" / "recipe.toml"),
                "--data",
                str(data),
                "--output",
                str(tmp_path / "run"),
                *words,
            ]
        )
        == 0
    )


def stylegan3(size, base, most, layers, kernel):
    """Tensors of a StyleGAN3 whose widths are rounded as numpy does, halves to the even side."""
    cutoffs = 2 * (size / 4) ** np.minimum(np.arange(layers + 1) / (layers - 2), 1)
    widths = [int(width) for width in np.rint(np.minimum(base / 2 / cutoffs, most))]
    draw, shapes = torch.Generator().manual_seed(0), {"synthesis.input.weight": (widths[0], widths[0])}
    shapes |= {
        "synthesis.input.freqs": (widths[0], 2),
        "synthesis.input.phases": (widths[0],),
        "mapping.w_avg": (CODE,),
    }
    shapes |= {"synthesis.input.affine.weight": (4, CODE), "synthesis.input.affine.bias": (4,)}
    for i, (before, after) in enumerate(itertools.pairwise([widths[0], *widths[:-1], 3])):
        name, side = f"synthesis.L{i}_{size}_{after}", 1 if i == layers else kernel
        shapes |= {
            f"{name}.weight": (after, before, side, side),
            f"{name}.bias": (after,),
            f"{name}.magnitude_ema": (),
        }
        shapes |= {f"{name}.affine.weight": (before, CODE), f"{name}.affine.bias": (before,)}
    made = {
        name: torch.randn(shape, generator=draw) * (0.3 if "freqs" in name else 1)
        for name, shape in shapes.items()
    }
    made |= {name: torch.tensor(0.7) for name in made if name.endswith("magnitude_ema")}
    first, second = torch.randn(CODE, LATENT, generator=draw), torch.randn(CODE, CODE, generator=draw)
    made |= {
        "mapping.fc0.weight": first * 100,
        "mapping.fc1.weight": second * 100,
        "synthesis.input.transform": torch.eye(3),
    }
    return made | {f"mapping.fc{i}.bias": torch.zeros(CODE) for i in range(2)}, widths


@pytest.mark.parametrize(
    ("kernel", "base", "size"), [(3, 37, 16), (3, 38, 16), (3, 42, 16), (1, 46, 16), (3, 45, 64), (1, 34, 32)]
)
def test_feature_maps_of_a_stylegan3_are_rounded(tmp_path, kernel, base, size):
    tensors, widths = stylegan3(size, base, 40, 5, kernel)
    kwargs = {
        "z_dim": LATENT,
        "w_dim": CODE,
        "mapping_kwargs": {"num_layers": 2},
        **SIZES,
        "img_resolution": size,
    }
    kwargs |= {"channel_base": base, "channel_max": 40, "num_layers": 5}
    kwargs |= {"conv_kernel": 1, "use_radial_filters": True} if kernel == 1 else {}
    pipeline = import_generator(through_a_file(tmp_path, G_ema=(tensors, kwargs))["G_ema"])
    assert [block.weight.shape[0] for block in pipeline.generator.blocks] == widths[:-1]
    code = draw(2, 7, CODE)
    part = pipeline.generator.double()
    bands, kernels = alias_free_kernels(part)
    with evaluating(part), torch.no_grad():
        assert off(part(code), stylegan3_image(part.state_dict(), code, bands, kernels, clamp=256.0)) < 1e-6


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"num_layers": 64}, "synthesis.L6.weight is missing, where|and [0-9]+ more$"),
        (
            {"channel_max": 4096, "channel_base": 2**24},
            r"synthesis.input.weight is \(8, 8\), but \(4096, 4096\) was expected",
        ),
        ({"w_dim": 4096}, r"synthesis.L0_16_8.affine.weight is \(8, 6\), but \(8, 4096\) was expected"),
    ],
)
def test_a_small_stylegan3_cannot_ask_for_a_large_one(tmp_path, kwargs, message):
    tensors, _ = stylegan3(16, 32, 40, 5, 3)
    told = {"z_dim": LATENT, "w_dim": CODE, **SIZES, "channel_base": 32, "num_layers": 5} | kwargs
    with pytest.raises(CheckpointError, match=message):
        import_generator(through_a_file(tmp_path, G=(tensors, told))["G"])


def test_an_embedding_that_nothing_makes_as_wide_as_the_product():
    told = {"image": (3, 8, 8), "classes": 3, "channels_base": 64, "channels_max": 8}
    assert LabeledStyleGAN2Discriminator(**told, label_layers=0).labels.state_dict() == {}
    with pytest.raises(
        SpecError,
        match="label_embedding is 4, but without label_layers it must be the label_width, 8; leave it out",
    ):
        LabeledStyleGAN2Discriminator(**told, label_layers=0, label_embedding=4)


def test_a_size_between_powers_of_two_is_refused(tmp_path):
    tensors, _ = stylegan3(16, 32, 40, 5, 3)
    kwargs = {
        "z_dim": LATENT,
        "w_dim": CODE,
        **SIZES,
        "img_resolution": 24,
        "channel_base": 32,
        "num_layers": 5,
    }
    with pytest.raises(CheckpointError, match="images of 24 pixels a side; only powers of two"):
        import_generator(through_a_file(tmp_path, G=(tensors, kwargs))["G"])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (
            {"mapping_kwargs": {"layer_features": 5}},
            r"weights: mapping.fc0.weight is \(6, 7\), but \(5, 7\) was expected; mapping.fc1",
        ),
        (
            {"mapping_kwargs": {"layer_features": "wide"}},
            "layer_features is wide, not a whole number from 1 to 4096",
        ),
        ({"mapping_kwargs": {"embed_features": 0}}, "embed_features is 0, not a whole number from 1 to 4096"),
        (
            {"architecture": "stairs"},
            "made with architecture stairs; only skip, orig, resnet can be imported",
        ),
        ({"architecture": ["skip"]}, "made with architecture .* can be imported"),
        (
            {"architecture": "orig"},
            "disagree with its weights: the weights do not fit generator/stylegan2-plain",
        ),
        (
            {"channel_max": 8},
            r"disagree with its weights: synthesis.b4.const is \(9, 4, 4\), but \(8, 4, 4\) was expected",
        ),
        ({"img_resolution": 1024}, "synthesis.b1024.conv1.weight is missing, where|and [0-9]+ more$"),
    ],
)
def test_widths_that_the_weights_have_not(tmp_path, kwargs, message):
    pair, codes = synthesis("skip", 8), mapping_pair()
    told = GENERATOR | SIZES | WIDTHS | {"img_resolution": 8} | kwargs
    with pytest.raises(CheckpointError, match=message):
        import_generator(through_a_file(tmp_path, G=(pair.tensors | codes.tensors, told))["G"])


@pytest.mark.parametrize("seat", ["G_ema", "D"])
def test_what_does_not_fit_is_said_once_with_file_and_network(tmp_path, capsys, seat):
    pair, codes, scores = synthesis("skip", 8), mapping_pair(), discriminator("resnet", 8)
    told, judge = GENERATOR | SIZES | WIDTHS | {"img_resolution": 8}, SIZES | WIDTHS | {"img_resolution": 8}
    networks = {"G_ema": (pair.tensors | codes.tensors, told), "D": (scores.tensors, judge)}
    networks[seat][0].pop({"G_ema": "synthesis.b8.torgb.bias", "D": "b8.conv1.bias"}[seat])
    through_a_file(tmp_path, **networks)
    path = tmp_path / "network.pkl"
    code = gancore(["import", str(path), "--output", str(tmp_path / "new")])
    said = capsys.readouterr()
    if seat == "G_ema":
        expected = (
            f"gancore: {path}: G_ema: the network's settings disagree with its weights: "
            "the weights do not fit generator/"
        )
        assert code == 1 and said.err == f"{expected}stylegan2: to_images.1.bias is missing\n"
    else:
        expected = (
            "no recipe: the discriminator cannot be imported: "
            "the network's settings disagree with its weights: "
        )
        assert (
            code == 0
            and f"{expected}the weights do not fit discriminator/stylegan2: blocks.0.down.bias is missing\n"
            in said.out
        )
