"""Every setting of a published network is carried over, refused by name, or changes nothing."""

import pytest
import torch
from stylegan_formulas import alias_free_kernels, stylegan2_image, stylegan2_scores, stylegan3_image
from stylegan_import_maker import (
    DISCRIMINATOR_KWARGS,
    KWARGS,
    labeled,
    network_pickle,
    tiny_discriminator,
    tiny_stylegan2,
    tree,
)

from gancore.errors import CheckpointError
from gancore.pipeline import evaluating
from gancore.published import import_discriminator, import_generator, read_networks

KWARGS_3 = {
    "z_dim": 6,
    "c_dim": 0,
    "w_dim": 6,
    "img_resolution": 16,
    "img_channels": 3,
    "mapping_kwargs": {"num_layers": 2},
    "channel_base": 64,
    "channel_max": 4,
    "num_layers": 3,
}


def tiny_stylegan3():
    """Tensors of a StyleGAN3-T for 16×16 images, by NVIDIA's names, fitting KWARGS_3."""
    draw = torch.Generator().manual_seed(0)
    shapes = {
        "synthesis.input.weight": (4, 4),
        "synthesis.input.freqs": (4, 2),
        "synthesis.input.phases": (4,),
    }
    shapes |= {
        "synthesis.input.affine.weight": (4, 6),
        "synthesis.input.affine.bias": (4,),
        "mapping.w_avg": (6,),
    }
    shapes |= {
        f"mapping.fc{i}.{end}": shape for i in range(2) for end, shape in (("weight", (6, 6)), ("bias", (6,)))
    }
    for i, (size, width, kernel) in enumerate([(36, 4, 3), (36, 4, 3), (16, 4, 3), (16, 3, 1)]):
        name = f"synthesis.L{i}_{size}_{width}"
        shapes |= {f"{name}.weight": (width, 4, kernel, kernel), f"{name}.bias": (width,)}
        shapes |= {f"{name}.affine.weight": (4, 6), f"{name}.affine.bias": (4,)}
    made = {name: torch.randn(shape, generator=draw) for name, shape in shapes.items()}
    squares = {
        name.replace(".bias", ".magnitude_ema"): torch.ones(())
        for name in made
        if ".L" in name and name.count(".") == 2
    }
    return (
        made
        | {name: value for name, value in squares.items() if "magnitude" in name}
        | {"synthesis.input.transform": torch.eye(3)}
    )


def read(folder, tensors, kwargs, attributes=()):
    """The network through a file; `attributes` lie on modules at dotted names, as in published ones."""
    root = tree(tensors, kwargs=kwargs)
    for name, value in dict(attributes).items():
        *path, last = name.split(".")
        module = root
        for step in path:
            module = module._modules[step]
        setattr(module, last, value)
    path = folder / "network.pkl"
    path.write_bytes(network_pickle({"network": root}))
    return read_networks(path)["network"]


def loud(tensors):
    """Biases that carry activations far beyond 256."""

    def factor(name):
        return 2000 if name.endswith("bias") and "mapping" not in name and "affine" not in name else 1

    return {name: value * factor(name) for name, value in tensors.items()}


def double(part):
    return {name: value.double() for name, value in part.state_dict().items()}


def image_of(pipeline, code):
    with evaluating(*pipeline.parts.values()), torch.no_grad():
        return pipeline.generator(code).double()


def off(found, expected):
    return float((found - expected).abs().max() / expected.abs().max())


def clamped(names, value=256):
    """The attribute of each layer of these names."""
    return {f"{name}.conv_clamp": value for name in names}


LAYERS_2 = (
    "synthesis.b4.conv1",
    "synthesis.b4.torgb",
    "synthesis.b8.conv0",
    "synthesis.b8.conv1",
    "synthesis.b8.torgb",
)
LAYERS_3 = ("synthesis.L0_36_4", "synthesis.L1_36_4", "synthesis.L2_16_4", "synthesis.L3_16_3")
LAYERS_D = ("b8.fromrgb", "b8.conv0", "b8.conv1", "b4.conv")
SYNTHESIS = KWARGS["synthesis_kwargs"]

WAYS = {
    "a setting": (KWARGS | {"synthesis_kwargs": SYNTHESIS | {"conv_clamp": 256}}, {}),
    "attributes": (KWARGS, clamped(LAYERS_2)),
    "both": (KWARGS | {"synthesis_kwargs": SYNTHESIS | {"conv_clamp": 256}}, clamped(LAYERS_2)),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_clamp_of_a_stylegan2_is_carried(tmp_path, way):
    kwargs, attributes = WAYS[way]
    tensors, code = loud(tiny_stylegan2()), torch.randn(2, 4, 6, dtype=torch.float64)
    pipeline = import_generator(read(tmp_path, tensors, kwargs, attributes), noise="constant")
    state = double(pipeline.generator)
    assert off(image_of(pipeline, code.float()), stylegan2_image(state, code, "skip", 256)) < 1e-5
    free = stylegan2_image(state, code, "skip")
    assert pipeline.generator.clamp == 256 and off(image_of(pipeline, code.float()), free) > 0.5
    without = import_generator(read(tmp_path, tensors, KWARGS, clamped(LAYERS_2, None)), noise="constant")
    assert without.generator.clamp == 0 and off(image_of(without, code.float()), free) < 1e-5


@pytest.mark.parametrize(
    ("attributes", "clamp"),
    [({}, 256), (clamped(LAYERS_3, 100), 100), (clamped(LAYERS_3, None), float("inf"))],
)
def test_the_clamp_of_a_stylegan3_is_carried(tmp_path, attributes, clamp):
    """Its default is 256, where neither settings nor layers say otherwise."""
    code = torch.randn(2, 5, 6, dtype=torch.float64)
    pipeline = import_generator(read(tmp_path, loud(tiny_stylegan3()), KWARGS_3, attributes))
    bands, kernels = alias_free_kernels(pipeline.generator)
    expected = {
        limit: stylegan3_image(double(pipeline.generator), code, bands, kernels, clamp=limit)
        for limit in (clamp, 10.0)
    }
    assert (
        off(image_of(pipeline, code.float()), expected[clamp]) < 1e-5 < off(expected[10.0], expected[clamp])
    )


def test_the_clamp_of_a_discriminator_is_carried(tmp_path):
    tensors, images = loud(tiny_discriminator()), torch.rand(4, 3, 8, 8, dtype=torch.float64) * 2 - 1
    attributes = clamped(LAYERS_D) | {"b8.skip.conv_clamp": None}
    for kwargs, more in (
        (DISCRIMINATOR_KWARGS | {"conv_clamp": 256}, {}),
        (DISCRIMINATOR_KWARGS, attributes),
    ):
        judge = import_discriminator(read(tmp_path, tensors, kwargs, more)).eval()
        found = judge(images.float()).double().detach()
        assert off(found, stylegan2_scores(double(judge), images, "residual", 4, 256)[:, 0]) < 1e-5
        assert off(found, stylegan2_scores(double(judge), images, "residual", 4)[:, 0]) > 0.1
    assert import_discriminator(read(tmp_path, tensors, DISCRIMINATOR_KWARGS)).clamp == 0


@pytest.mark.parametrize(
    ("attributes", "kwargs", "message"),
    [
        (clamped(LAYERS_2[:2]) | clamped(LAYERS_2[2:], 9), {}, "have different values of conv_clamp"),
        (clamped(LAYERS_2, "256"), {}, "conv_clamp is 256, not a number above 0"),
        ({}, {"conv_clamp": 0}, "conv_clamp is 0, not a number above 0"),
        ({}, {"conv_clamp": True}, "conv_clamp is True, not a number above 0"),
    ],
)
def test_a_clamp_that_cannot_be(tmp_path, attributes, kwargs, message):
    network = read(tmp_path, tiny_stylegan2(), KWARGS | {"synthesis_kwargs": SYNTHESIS | kwargs}, attributes)
    with pytest.raises(CheckpointError, match=message):
        import_generator(network)


@pytest.mark.parametrize(
    ("tensors", "kwargs", "default"), [(tiny_stylegan2, KWARGS, 0.995), (tiny_stylegan3, KWARGS_3, 0.998)]
)
def test_how_fast_the_mean_of_w_moves_is_carried(tmp_path, tensors, kwargs, default):
    """0.998 in a StyleGAN2 from the code of StyleGAN3, where the mapping network alone says so."""
    weights = tensors()

    def decay(settings, **attributes):
        return import_generator(read(tmp_path, weights, settings, attributes)).conditioner.decay

    assert decay(kwargs) == default
    assert decay(kwargs, **{"mapping.w_avg_beta": 0.9}) == 0.9
    assert decay(kwargs | {"mapping_kwargs": {"w_avg_beta": 0.8}}) == 0.8
    assert decay(kwargs | {"mapping_kwargs": {"w_avg_beta": 0.8}}, **{"mapping.w_avg_beta": 0.998}) == 0.998
    for wrong in (None, 2, "x"):
        with pytest.raises(
            CheckpointError, match=f"w_avg_beta is {wrong}, not a number above 0 and at most 1"
        ):
            decay(kwargs | {"mapping_kwargs": {"w_avg_beta": wrong}})


def nested(kwargs, table, name, value):
    return kwargs | ({table: {**kwargs.get(table, {}), name: value}} if table else {name: value})


TABLES_2, TABLES_D = (
    ("", "synthesis_kwargs", "mapping_kwargs"),
    ("", "block_kwargs", "epilogue_kwargs", "mapping_kwargs"),
)


@pytest.mark.parametrize("table", TABLES_2)
@pytest.mark.parametrize(("name", "value"), [("activation", "relu"), ("gamma_of_tomorrow", 1)])
def test_a_generators_setting_is_refused_in_each_table(tmp_path, table, name, value):
    agreeing = nested(
        nested(KWARGS, "synthesis_kwargs", "activation", "lrelu"), "mapping_kwargs", "activation", "lrelu"
    )
    with pytest.raises(CheckpointError, match=f"the network was made with {name} {value}"):
        import_generator(read(tmp_path, tiny_stylegan2(), nested(agreeing, table, name, value)))


@pytest.mark.parametrize("table", TABLES_D)
@pytest.mark.parametrize(("name", "value"), [("activation", "relu"), ("gamma_of_tomorrow", 1)])
def test_a_discriminators_setting_is_refused_in_each_table(tmp_path, table, name, value):
    agreeing = DISCRIMINATOR_KWARGS
    for other in TABLES_D[1:]:
        agreeing = nested(agreeing, other, "activation", "lrelu")
    tensors, kwargs = labeled(tiny_discriminator(), nested(agreeing, table, name, value))
    with pytest.raises(CheckpointError, match=f"the network was made with {name} {value}"):
        import_discriminator(read(tmp_path, tensors, kwargs))


@pytest.mark.parametrize("table", ["", "mapping_kwargs"])
@pytest.mark.parametrize("name", ["activation", "embed_features", "gamma_of_tomorrow"])
def test_a_setting_that_a_stylegan3_has_not_is_refused(tmp_path, table, name):
    with pytest.raises(
        CheckpointError, match=f"the network was made with {name} 4, which no released network has"
    ):
        import_generator(read(tmp_path, tiny_stylegan3(), nested(KWARGS_3, table, name, 4)))


@pytest.mark.parametrize("value", [5, "gaussian"])
def test_a_kernel_of_another_size_is_refused(tmp_path, value):
    with pytest.raises(
        CheckpointError, match=f"the network was made with kernel_size {value}; only 3 can be imported"
    ):
        import_generator(
            read(tmp_path, tiny_stylegan2(), nested(KWARGS, "synthesis_kwargs", "kernel_size", value))
        )


@pytest.mark.parametrize(
    ("table", "name", "value"),
    [
        ("synthesis_kwargs", "num_fp16_res", 4),
        ("synthesis_kwargs", "fp16_channels_last", True),
        ("synthesis_kwargs", "fused_modconv_default", "inference_only"),
        ("", "num_fp16_res", 4),
        ("", "fused_modconv_default", "inference_only"),
        ("mapping_kwargs", "num_layers", 2),
    ],
)
def test_settings_of_a_generator_without_effect(tmp_path, table, name, value):
    made = [
        import_generator(read(tmp_path, tiny_stylegan2(), kwargs))
        for kwargs in (KWARGS, nested(KWARGS, table, name, value))
    ]
    assert torch.equal(*(pipeline.sample(2, seed=0) for pipeline in made))


def test_settings_of_the_others_without_effect(tmp_path):
    still = import_generator(read(tmp_path, tiny_stylegan3(), KWARGS_3)).sample(1, seed=0)
    for name, value in (("magnitude_ema_beta", 0.99), ("num_fp16_res", 0)):
        assert torch.equal(
            import_generator(read(tmp_path, tiny_stylegan3(), KWARGS_3 | {name: value})).sample(1, seed=0),
            still,
        )
    images = torch.rand(4, 3, 8, 8)
    scores = import_discriminator(read(tmp_path, tiny_discriminator(), DISCRIMINATOR_KWARGS))(images)
    for table, name, value in (
        ("", "num_fp16_res", 4),
        ("block_kwargs", "freeze_layers", 3),
        ("block_kwargs", "fp16_channels_last", True),
    ):
        judge = import_discriminator(
            read(tmp_path, tiny_discriminator(), nested(DISCRIMINATOR_KWARGS, table, name, value))
        )
        assert torch.equal(judge(images), scores)
