"""Directions by weights, by principal components and by labels; their file, and edits along them."""

import json

import pytest
import torch
import walks
from safetensors.torch import save_file
from torch import nn

from gancore.component.discovery import registry
from gancore.errors import UserError
from gancore.latent.codes import codes_of
from gancore.latent.direction_file import DirectionSet
from gancore.latent.editing import edited_code, edited_latent
from gancore.latent.finding import activations, ganspace, linear, sefa
from gancore.latent.labeled import labeled_directions
from gancore.latent.sefa import sefa_directions
from gancore.latent.walk import Walk


class Known(walks.LayeredGenerator):
    """Says its weights."""

    def code_weights(self):
        return [self.band.weight] * self.layers


def known():
    pipeline = walks.layered()
    pipeline.generator.__class__ = Known
    return pipeline


def cosine(one, other):
    return float(nn.functional.cosine_similarity(one.flatten(), other.flatten(), dim=0).abs())


def drawn(count, seed=0, width=6):
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def test_sefa_finds_what_the_weights_stretch_most():
    axes = torch.linalg.qr(drawn(6).double())[0].float()
    weight = torch.diag(torch.tensor([1.0, 5.0, 3.0, 0.1, 2.0, 4.0])) @ axes.T
    found = sefa_directions([weight], (6,), 3)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
    for row, axis in zip(found, (1, 5, 2), strict=True):
        assert cosine(row, axes[:, axis]) > 0.9999


def test_sefa_looks_at_the_chosen_layers_and_moves_them_alone():
    weights = [torch.diag(row) for row in torch.tensor([[1.0, 2, 3], [9, 1, 1], [1, 8, 1]])]
    assert sefa_directions(weights, (3, 3), 1)[0].abs().argmax(1).tolist() == [0, 0, 0]
    only = sefa_directions(weights, (3, 3), 1, layers=[2, 0])[0]
    assert only.abs().argmax(1).tolist()[::2] == [1, 1] and not only[1].any()
    assert float(only.norm()) == pytest.approx(1)


def test_a_unit_of_a_move_is_the_deviation_of_what_is_drawn():
    pipeline = known()
    found = sefa(pipeline, 2)
    codes = codes_of(pipeline, pipeline.draw(5000, seed=9)[0])
    along = codes.flatten(1) @ found.vectors.flatten(1).T
    torch.testing.assert_close(found.deviation, along.std(0), rtol=0.05, atol=0)
    assert found.space == "w" and len(found) == 2 and found.method == "sefa"


def test_ganspace_of_codes_is_their_principal_components():
    pipeline = walks.layered()
    found = ganspace(pipeline, 3)
    codes = codes_of(pipeline, pipeline.draw(20_000, seed=5)[0]).flatten(1)
    _, values, vectors = torch.linalg.svd(codes - codes.mean(0), full_matrices=False)
    for i in range(3):
        assert cosine(found.vectors[i], vectors[i]) > 0.99
        assert float(found.deviation[i]) == pytest.approx(float(values[i]) / 20_000**0.5, rel=0.05)


def test_ganspace_of_latents_follows_activations_or_images():
    pipeline = walks.plain()
    with torch.no_grad():
        pipeline.generator.linear.weight.zero_()
        pipeline.generator.linear.weight[:, 2] = 1
        pipeline.generator.linear.weight[::2, 4] = 0.3
    for layer in (None, "linear"):
        found = ganspace(pipeline, 2, layer=layer)
        assert found.vectors.abs().argmax(1).tolist() == [2, 4] and found.space == "z"
        torch.testing.assert_close(found.deviation, torch.ones(2), atol=0.1, rtol=0)
    latent, _ = pipeline.draw(70, seed=0)
    torch.testing.assert_close(
        activations(pipeline, latent, None, "linear"), pipeline.generator.linear(latent).detach()
    )


def test_labels_give_the_direction_towards_each_class():
    points, axes = drawn(4000), torch.linalg.qr(drawn(6, 1).double())[0].float()
    side = (points @ axes[:, 0] + 0.3 * drawn(4000, 2)[:, 0] > 0).long()
    found = labeled_directions(points, side)
    assert found.names == ("1",) and float(found.vectors[0] @ axes[:, 0]) > 0.99 and found.held_out[0] > 0.85
    corner = (points @ axes[:, 0] > 0.8).long() + 2 * (points @ axes[:, 1] > 0.8).long()
    several = labeled_directions(points, corner)
    assert several.names == ("0", "1", "2", "3") and several.measure == "balanced accuracy"
    assert float(several.vectors[3] @ (axes[:, 0] + axes[:, 1]) / 2**0.5) > 0.98


def test_scores_give_the_direction_in_which_they_rise():
    points, weight = drawn(2000), drawn(1, 4)[0]
    score = torch.stack([points @ weight + 0.1 * drawn(2000, 5)[:, 0], drawn(2000, 6)[:, 0]], 1)
    found = labeled_directions(points, score)
    assert float(found.vectors[0] @ weight / weight.norm()) > 0.99
    assert (
        found.held_out[0] > 0.95
        and found.held_out[1] < 0.1
        and found.measure == "fraction of variance explained"
    )
    assert torch.equal(labeled_directions(points, score[:, 0]).vectors, found.vectors[:1])


def test_codes_move_along_with_the_normal():
    """Along a coordinate that hardly varies nothing would be seen; the one that goes with it is what
    moves.
    """
    points = drawn(3000)
    points[:, 1] = points[:, 0] * 1e-2 + 1e-4 * points[:, 1]
    found = labeled_directions(points, (points[:, 1] > 0).long())
    assert found.vectors[0].argmax() == 0


def test_linear_directions_of_a_pipeline_move_all_layers():
    pipeline = walks.layered()
    latent, _ = pipeline.draw(1000, seed=0)
    codes = codes_of(pipeline, latent)
    found = linear(pipeline, codes, (codes[:, 0, 0] > codes[:, 0, 0].median()).long())
    assert (
        found.space == "w"
        and found.vectors.shape == (1, 4, 6)
        and float(found.vectors.norm()) == pytest.approx(1)
    )
    assert torch.equal(found.vectors[0], found.vectors[0, :1].expand(4, -1))
    assert found.about["held_out"]["1"] > 0.9
    in_z = linear(pipeline, latent, latent[:, 3], space="z")
    assert in_z.space == "z" and in_z.vectors.shape == (1, 6) and in_z.vectors[0].argmax() == 3


def test_a_file_holds_everything(tmp_path):
    found = sefa(known(), 2, layers=[1, 3])
    found.save(tmp_path / "new" / "found.safetensors")
    again = DirectionSet.load(tmp_path / "new" / "found.safetensors")
    assert torch.equal(again.vectors, found.vectors) and torch.equal(again.deviation, found.deviation)
    assert (again.space, again.method, again.names, again.about) == (
        "w",
        "sefa",
        ("0", "1"),
        {"layers": [1, 3]},
    )


def broken(path, *, words=None, **tensors):
    table = {
        "gancore_directions": 1,
        "space": "z",
        "method": "m",
        "names": ["0"],
        "about": {},
        **(words or {}),
    }
    save_file(
        {"vectors": torch.ones(1, 6), "deviation": torch.ones(1), **tensors},
        path,
        metadata={"directions": json.dumps(table)},
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"nothing"),
        lambda path: save_file({"vectors": torch.ones(1)}, path),
        lambda path: broken(path, words={"gancore_directions": 2}),
        lambda path: broken(path, words={"space": "s"}),
        lambda path: broken(path, words={"names": "0"}),
        lambda path: broken(path, deviation=torch.ones(2)),
        lambda path: broken(path, vectors=torch.full((1, 6), torch.nan)),
        lambda path: None,
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, make):
    make(tmp_path / "file.safetensors")
    with pytest.raises(
        UserError,
        match=r"file.safetensors does not hold directions \(.*\); give a file that gancore directions wrote",
    ):
        DirectionSet.load(tmp_path / "file.safetensors")


def test_edits_move_codes_and_latents():
    pipeline = known()
    latent, label = pipeline.draw(1, seed=2)
    found, code = sefa(pipeline, 2), codes_of(pipeline, latent)
    moved = edited_latent(pipeline, found, 1, [-2.0, 0.0, 1.0], latent, label)
    assert torch.equal(moved[1], code[0])
    torch.testing.assert_close(
        (moved[2] - code[0]).flatten() @ found.vectors[1].flatten(), found.deviation[1]
    )
    torch.testing.assert_close(moved[0] - code[0], -2 * (moved[2] - code[0]))
    assert torch.equal(edited_code(pipeline, found, 1, [-2.0, 0.0, 1.0], code), moved)
    some = edited_latent(pipeline, found, 1, [1.0], latent, label, layers=[2])
    assert torch.equal(some[0, 2], moved[2, 2]) and torch.equal(some[0, [0, 1, 3]], code[0, [0, 1, 3]])
    in_z = ganspace(pipeline, 1, space="z")
    expected = codes_of(pipeline, latent + 1.5 * in_z.deviation[0] * in_z.vectors[0])
    torch.testing.assert_close(edited_latent(pipeline, in_z, 0, [1.5], latent), expected)


@pytest.mark.parametrize(
    ("act", "text"),
    [
        (
            lambda: sefa(walks.plain()),
            "generator/small does not say what it multiplies its code by (code_weights); "
            "use the method ganspace",
        ),
        (lambda: sefa(known(), 7), "from 1 to 6 directions can be found here; got 7"),
        (lambda: sefa(known(), layers=[4]), "layers are from 0 to 3; got 4"),
        (
            lambda: sefa_directions([torch.eye(2)], (2,), 1, layers=[0]),
            "layers are none: one code serves the whole image; got 0",
        ),
        (lambda: ganspace(walks.plain(), 7), "from 1 to 6 directions can be found here; got 7"),
        (lambda: ganspace(walks.plain(), space="w"), "has no w besides z"),
        (lambda: ganspace(walks.layered(), space="w+"), "the spaces here are z, w; got 'w+'"),
        (
            lambda: linear(walks.layered(), drawn(50), torch.zeros(50), space="w+"),
            "the spaces here are z, w; got 'w+'",
        ),
        (
            lambda: ganspace(walks.plain(), 1, layer="conv"),
            "generator/small has no module 'conv'; its modules: linear",
        ),
        (
            lambda: ganspace(walks.layered(), 1, space="w", layer="band"),
            "in w the codes themselves are analyzed: omit the layer",
        ),
        (lambda: ganspace(walks.translator(), 1, space="z"), "translates images, so it has no latent space"),
        (
            lambda: linear(walks.plain(), drawn(50), torch.zeros(40).long()),
            "each of 50 points takes one class, or scores (N,) or (N, A)",
        ),
        (
            lambda: linear(walks.plain(), drawn(50), torch.zeros(50).long()),
            "no class has 5 points within and without it",
        ),
        (
            lambda: linear(walks.plain(), drawn(50), torch.zeros(50)),
            "a linear fit takes at least 25 scores that are not all equal",
        ),
        (
            lambda: linear(walks.plain(), drawn(50), torch.full((50,), torch.nan)),
            "answers contain NaN or infinity",
        ),
        (
            lambda: linear(walks.plain(), drawn(50)[:0], torch.zeros(0).long()),
            "answers (0,) contain nothing to learn from",
        ),
        (
            lambda: linear(walks.layered(), drawn(50), torch.zeros(50, 0), space="z"),
            "answers (50, 0) contain nothing to learn from",
        ),
        (
            lambda: edited_latent(walks.plain(), sefa(known(), 1), 0, [1.0], drawn(1)),
            "these directions are (4, 6) in w; this pipeline has (6,) there",
        ),
        (
            lambda: edited_latent(known(), sefa(known(), 2), 2, [1.0], drawn(1)),
            "direction 2 is out of range; give a number from 0 to 1",
        ),
        (
            lambda: edited_latent(known(), sefa(known(), 2), 1, [1.0], drawn(1), layers=[4]),
            "layer 4 is out of range",
        ),
        (
            lambda: edited_latent(walks.plain(), ganspace(walks.plain(), 1), 0, [1.0], drawn(1), layers=[0]),
            "omit the layers",
        ),
        (
            lambda: edited_code(known(), ganspace(known(), 1, space="z"), 0, [1.0], torch.zeros(1, 4, 6)),
            "move latents, and a code alone has none",
        ),
    ],
)
def test_what_cannot_be_found_or_edited_gets_a_clear_error(act, text):
    with pytest.raises(UserError) as raised:
        act()
    assert text in str(raised.value)


@pytest.mark.parametrize("space", ["z", "w"])
def test_a_walk_goes_along_given_directions(space):
    pipeline = known()
    found = ganspace(pipeline, 2, space=space)
    given = DirectionSet(found.vectors.flip(0), found.deviation.flip(0), found.space, "mine", ("b", "a"))
    walk = Walk(pipeline, given)
    assert walk.sliders == 2 and torch.equal(walk.principal(space).vectors, given.vectors)
    moved = walk.place({"seed": 3, "space": space, "principal": [0.0, 1.5]}).code
    torch.testing.assert_close(moved, edited_latent(pipeline, found, 0, [1.5], *pipeline.draw(1, seed=3)))
    with pytest.raises(UserError, match="find directions for this pipeline"):
        Walk(walks.plain(width=5), given)


@pytest.mark.parametrize(
    "name", ["dcgan", "dcgan-plain", "convolutional-decoder", "mlp-decoder", "mlp", "pca"]
)
def test_the_weights_that_families_say_are_what_a_code_is_read_by(name):
    cls = registry().find("generator", name)
    generator = cls(image=(3, 16, 16), **cls.examples[0]).eval()
    (weight,) = generator.code_weights()
    assert weight.shape[1:] == generator.code_shape
    code = torch.randn(1, *generator.code_shape)
    other = code.clone()
    other[:, 1] += 1
    assert not torch.equal(generator(code), generator(other))
    first = next(t for t in generator.state_dict().values() if t.numel() == weight.numel() and t.ndim > 1)
    first[(1,) if name.startswith("dcgan") else (slice(None), 1)] = (
        0  # a transposed convolution has its inputs first
    )
    assert not generator.code_weights()[0][:, 1].any()
    torch.testing.assert_close(generator(code), generator(other))
