"""From views to images: what a view means, and that it means it every time."""

import numpy as np
import pytest
import torch
import walks

from gancore.errors import UserError
from gancore.latent.codes import codes_of, has_codes, render_codes
from gancore.latent.mixing import mix
from gancore.latent.route import Route
from gancore.latent.views import Between, Mix, Point, view_of
from gancore.latent.walk import Walk
from gancore.pipeline import Pipeline, keeps_a_mean
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal


@pytest.fixture(scope="module")
def layered():
    return Walk(walks.layered())


@pytest.fixture(scope="module")
def plain():
    return Walk(walks.plain())


def test_a_point_is_the_seed_of_sample():
    for make, amount in ((walks.plain, 1.0), (walks.layered, 0.6), (walks.labeled, 1.0)):
        pipeline = make()
        latent, label = pipeline.draw(1, seed=5)
        expected = pipeline.render(latent, label, truncation=amount)
        assert torch.equal(Walk(pipeline).image({"seed": 5, "truncation": amount}), expected)
    assert torch.equal(Walk(walks.plain()).image(Point()), walks.plain().sample(1, seed=0))


def test_all_images_have_the_same_noise():
    pipeline = walks.plain(noise=0.5)
    code = torch.zeros(3, 6)
    images = render_codes(pipeline, code)
    assert torch.equal(images[0], images[1]) and torch.equal(images[0], images[2])
    assert torch.equal(images[:1], pipeline.render(torch.zeros(1, 6)))
    assert not torch.equal(images[:1], render_codes(pipeline, code[:1], seed=1))
    state = torch.get_rng_state()
    render_codes(pipeline, code)
    assert torch.equal(state, torch.get_rng_state())


def test_no_codes_give_no_images(plain):
    assert render_codes(plain.pipeline, torch.empty(0, 6)).shape == (0, 3, 8, 8)


def test_where_w_is(layered, plain):
    assert has_codes(layered.pipeline) and keeps_a_mean(layered.pipeline) and layered.layers == 4
    assert not has_codes(plain.pipeline) and not keeps_a_mean(plain.pipeline) and plain.layers == 0
    assert has_codes(walks.labeled()) and Walk(walks.labeled()).classes == 3


def test_shifts_move_latents_in_z_and_codes_in_w(layered):
    start = layered.place(Point(seed=1))
    in_z, in_w = (
        layered.place(Point(seed=1, shift=(2.0, 0.0))),
        layered.place(Point(seed=1, shift=(2.0, 0.0), space="w")),
    )
    moved = in_z.latent - start.latent
    assert torch.allclose(moved / moved.norm(), layered.random("z", 0)[:1], atol=1e-5)
    assert torch.allclose(in_z.code, codes_of(layered.pipeline, in_z.latent))
    assert in_w.latent is None and torch.allclose(in_w.code - start.code, moved_by(layered, 2.0), atol=1e-5)


def moved_by(walk, amount):
    codes = walk._seen_codes
    usual = (codes - codes.mean(0)).flatten(1).square().sum(1).mean().sqrt()
    return amount * usual / 4 * walk.random("w", 0)[:1]


def test_principal_moves_are_in_deviations(layered):
    found = layered.principal("w")
    moved = layered.place(Point(principal=(0.0, 1.5), space="w")).code - layered.place(Point()).code
    assert torch.allclose(moved[0], 1.5 * found.deviation[1] * found.vectors[1], atol=1e-5)


def test_w_of_a_pipeline_without_one_is_z(plain):
    assert torch.equal(plain.image(Point(space="w", shift=(1.0, 1.0))), plain.image(Point(shift=(1.0, 1.0))))


def test_between_goes_from_one_to_the_other(layered):
    one, other = Point(seed=1, truncation=0.5), Point(seed=2)
    for space in ("z", "w"):
        for at, end in ((0.0, one), (1.0, other)):
            assert torch.equal(layered.image(Between((one, other), at, space)), layered.image(end))
    middle = layered.place(Between((one, other), 0.5, "w", "linear")).code
    assert torch.allclose(middle, (layered.place(one).code + layered.place(other).code) / 2, atol=1e-6)
    assert layered.place(Between((one, other), 0.5, "z")).truncation == 0.75


def test_labels_are_mixed_on_the_way():
    walk = Walk(walks.labeled())
    place = walk.place(Between((Point(label=0), Point(label=2)), 0.25))
    assert place.label.tolist() == [[0.75, 0, 0.25]] and place.code[0, 6:].tolist() == [0.75, 0, 0.25]
    assert walk.place(Between((Point(label=1), Point(seed=2, label=1)), 0.25)).label.tolist() == [1]
    assert walk.place(Point(label=(0.5, 0.5, 0.0))).code[0, 6:].tolist() == [0.5, 0.5, 0]


def test_mix_takes_layers(layered):
    one, other = (layered.place(Point(seed=seed)).code for seed in (1, 2))
    assert torch.equal(layered.place(Mix((Point(1), Point(2)), (0, 3))).code, mix(one, other, [0, 3]))
    nested = Between((Mix((Point(1), Point(2)), (0,)), Point(3)), 0.5, "w")
    assert layered.image(nested).shape == (1, 3, 8, 8)


def test_views_and_tables_say_the_same(layered):
    table = {
        "between": [
            {"seed": 1, "shift": [1, 0.5]},
            {"mix": [{"seed": 2}, {"seed": 3, "space": "w"}], "layers": [1]},
        ],
        "at": 0.3,
        "space": "w",
    }
    view = Between((Point(1, shift=(1.0, 0.5)), Mix((Point(2), Point(3, space="w")), (1,))), 0.3, "w")
    assert view_of(table) == view
    assert torch.equal(layered.image(table), layered.image(view))


def test_images_equal_single_ones(layered):
    views = [Point(seed, shift=(seed / 2, 1.0)) for seed in range(5)]
    assert torch.allclose(
        layered.images(views), torch.cat([layered.image(view) for view in views]), atol=1e-5
    )


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ([], "a view is a table"),
        ({"sed": 1}, "a view has no field 'sed' here; known: seed, label"),
        ({"seed": -1}, "seed is a whole number from 0"),
        ({"seed": 1.5}, "seed is a whole number from 0"),
        ({"seed": True}, "seed is a whole number from 0"),
        ({"seed": 10**5000}, "got a huge number"),
        ({"shift": [1]}, "shift is two numbers"),
        ({"shift": [1, float("nan")]}, "shift is a number from -100 to 100; got nan"),
        ({"shift": "12"}, "shift is a list of numbers"),
        ({"principal": [1e9]}, "principal is a number from -100 to 100"),
        ({"truncation": None}, "truncation is a number"),
        ({"label": "cat"}, "a list of weights, or null; got"),
        ({"space": "x"}, "space is z or w; got 'x'"),
        ({"space": ["z"]}, "space is z or w"),
        ({"between": [{}]}, "between is two views"),
        ({"between": [{}, {}], "at": 2}, "at is a number from 0 to 1; got 2"),
        ({"between": [{}, {}], "kind": "cubic"}, "kind is spherical or linear"),
        ({"between": [{}, {}], "mix": [{}, {}]}, "a view has no field 'mix' here"),
        ({"mix": [{}, {}], "layers": [0.5]}, "layers is a list of whole numbers"),
        ({"mix": [{}, {}], "layers": [9]}, "layer 9 is out of range"),
        ({"principal": [1.0] * 30}, "principal directions were found; got 30 numbers"),
        ({"label": 1}, "reads no labels, but a label was given"),
        ({"label": [0.5, 0.5]}, "a soft label has one weight for each of 0 classes"),
        ({"between": [{"shift": [1, 1], "space": "w"}, {}]}, "interpolate between them in space w"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_views(layered, table, text):
    with pytest.raises(UserError, match=text.replace("(", r"\(")):
        layered.image(table)


def test_views_do_not_lie_in_each_other_without_end(layered):
    view = {"seed": 1}
    for _ in range(7):
        view = {"between": [view, {"seed": 2}]}
    with pytest.raises(UserError, match="more than 6 deep"):
        layered.image(view)


def test_an_unknown_class_and_a_translator():
    with pytest.raises(UserError, match="label 7 is out of range; give a number from 0 to 2"):
        Walk(walks.labeled()).image({"label": 7})
    with pytest.raises(UserError, match="translates images, so it has no latent space to walk in"):
        Walk(walks.translator())


def test_a_latent_of_one_number_has_no_plane():
    walk = Walk(walks.plain(width=1))
    with pytest.raises(UserError, match="does not have two directions"):
        walk.image({"shift": [1, 0]})
    assert walk.image({"principal": [1]}).shape == (1, 3, 8, 8)


def test_a_loaded_walk_shows_the_same(tmp_path, layered):
    walks.know_walk_parts()
    layered.pipeline.save(tmp_path / "run" / "pipeline")
    view = {"seed": 4, "shift": [1, -1], "draw": 2, "principal": [0.5, 1], "truncation": 0.7, "space": "w"}
    assert np.array_equal(Walk.load(tmp_path / "run").image(view), layered.image(view))


# walks side by side


def keys(walk, count):
    return walk.pipeline.draw(count, seed=0)


def test_a_route_leads_through_its_keys(layered):
    latent, label = keys(layered, 6)
    codes = codes_of(layered.pipeline, latent)
    for space in ("z", "w"):
        route = Route(layered, latent, label, cells=2, space=space)
        assert route.legs == 2
        whole = route.codes(5)
        assert whole.shape == (5, 2, 4, 6)
        assert torch.allclose(whole[::2, 0], codes[:3], atol=1e-5) and torch.allclose(
            whole[::2, 1], codes[3:], atol=1e-5
        )


def test_legs_have_both_ends_and_a_loop_leads_back(layered):
    latent, label = keys(layered, 6)
    codes = codes_of(layered.pipeline, latent)
    legs = Route(layered, latent, label, cells=2, loop=True).leg_codes(4)
    assert legs.shape == (6, 4, 4, 6)
    assert torch.allclose(legs[:3, 0], codes[:3], atol=1e-5) and torch.allclose(
        legs[3:, 0], codes[3:], atol=1e-5
    )
    assert torch.allclose(legs[:3, -1], codes[[1, 2, 0]], atol=1e-5) and torch.allclose(
        legs[3:, -1], codes[[4, 5, 3]], atol=1e-5
    )


def test_labels_of_a_route_are_mixed():
    walk = Walk(walks.labeled())
    latent, _ = keys(walk, 2)
    codes = Route(walk, latent, torch.tensor([0, 2])).codes(5)
    assert torch.allclose(codes[1, 0, 6:], torch.tensor([0.75, 0, 0.25]))


@pytest.mark.parametrize(
    ("count", "options", "text"),
    [
        (1, {}, "a walk leads from one latent to another: give at least 2; got 1"),
        (5, {"cells": 2}, "give at least 2, as many for each of 2 walks; got 5"),
        (
            4,
            {"space": "w"},
            "conditioner/identity passes latents through unchanged, so this pipeline has no w besides z; "
            "choose z",
        ),
        (4, {"space": "p"}, "the spaces here are z, w; got 'p'"),
    ],
)
def test_wrong_routes(plain, count, options, text):
    with pytest.raises(UserError, match=text):
        Route(plain, *keys(plain, count), **options).check()


def test_layers_of_latents_are_mixed_where_there_is_no_mapping():
    generator = walks.LayeredGenerator(image=walks.IMAGE)
    pipeline = Pipeline(sampler=Normal(latent=(4, 6)), conditioner=Identity(code=(4, 6)), generator=generator)
    walk = Walk(pipeline)
    assert walk.layers == 4 and not walk.has_codes
    mixed = Mix((Point(1), Point(2)), (1,))
    assert torch.equal(walk.place(mixed).latent, walk.place(mixed).code)
    assert walk.image(Between((mixed, Point(3)), 0.5, "w")).shape == (1, 3, 8, 8)
