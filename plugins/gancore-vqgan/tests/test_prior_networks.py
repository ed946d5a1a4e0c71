"""The networks over indices: what they see, what the cache gives, and what they cost."""

import math

import pytest
import torch
from gancore_vqgan.prior import (
    Fixed,
    LabeledMaskGIT,
    LabeledPixelCNN,
    LabeledTransformer,
    MaskGIT,
    PixelCNN,
    Strided,
    Transformer,
)
from gancore_vqgan.prior.sliding import window_at
from torch import nn

from gancore.errors import FactError, FitError, UserError

SMALL = {"latent": (3, 4), "codebook_size": 7, "layers": 3, "heads": 2, "width": 8, "deviation": 0.5}
PIXELS = {"latent": (3, 4), "codebook_size": 7, "layers": 3, "width": 4, "first_kernel": 5}
CAUSAL = [
    pytest.param(lambda: Transformer(**SMALL), id="dense"),
    pytest.param(lambda: Transformer(**SMALL, pattern=Strided()), id="strided"),
    pytest.param(lambda: Transformer(**SMALL, pattern=Fixed(stride=3, summary=2)), id="fixed"),
    pytest.param(lambda: PixelCNN(**PIXELS), id="pixelcnn"),
]
LABELED = [
    pytest.param(lambda: LabeledTransformer(**SMALL, classes=3), id="transformer"),
    pytest.param(lambda: LabeledMaskGIT(**SMALL, classes=3, dropout=0.0), id="maskgit"),
    pytest.param(lambda: LabeledPixelCNN(**PIXELS, classes=3), id="pixelcnn"),
]


def codes_of(n=2, size=7):
    return torch.randint(size, (n, 3, 4), generator=torch.Generator().manual_seed(0))


def logits_of(sampler, codes, label=None):
    """`(N, L, K)` for indices `(N, h, w)`."""
    if isinstance(sampler, PixelCNN):
        return sampler.logits(codes, label).flatten(2).transpose(1, 2)
    return sampler.logits(codes.flatten(1), label)


def reads(sampler, codes):
    """Which places the logits of each place depend on, `[place, of]`, by gradients in the embeddings."""
    embedded = []

    def keep(_, __, made):
        embedded.append(made.detach().requires_grad_())
        return embedded[-1]

    hook = sampler.table.register_forward_hook(keep)
    made = logits_of(sampler, codes)[0]  # (L, K)
    hook.remove()
    weights = torch.randn(made.shape[-1], generator=torch.Generator().manual_seed(1))
    rows = []
    for place in made:
        (gradient,) = torch.autograd.grad((place * weights).sum(), embedded[-1], retain_graph=True)
        rows.append(gradient[0].flatten(0, -2).abs().sum(-1) > 0)
    return torch.stack(rows)


@pytest.mark.parametrize("make", CAUSAL)
def test_logits_follow_from_the_indices_before_alone(make):
    sampler = make().eval()
    found = reads(sampler, codes_of(1))  # a transformer embeds the first L - 1 indices only
    length = found.shape[1]
    assert not found[:, :length][torch.ones(12, length).triu().bool()].any()
    assert all(found[place, place - 1] for place in range(1, 12))


def test_the_dense_transformer_sees_all_indices_before():
    found = reads(Transformer(**SMALL), codes_of(1))
    assert torch.equal(found, torch.ones(12, 11).tril(-1).bool())


def test_the_pixelcnn_has_no_blind_spot():
    """With the reach of five 3×3 layers, place (2, 1) of a 3×4 map sees all that comes before it."""
    found = reads(PixelCNN(**{**PIXELS, "layers": 6, "first_kernel": 3}), codes_of(1))
    assert found[9].tolist() == [True] * 9 + [False] * 3


@pytest.mark.parametrize("make", CAUSAL)
def test_what_is_drawn_one_by_one_is_what_one_pass_says(make):
    """Replays the noise through the logits of a single pass over what was drawn."""
    sampler = make().eval()
    noise = torch.rand(5, 3, 4, generator=torch.Generator().manual_seed(2))
    drawn = sampler.latents(noise)
    logits = logits_of(sampler, drawn)  # (N, L, K)
    again = torch.stack([sampler.pick(logits[:, i], noise.flatten(1)[:, i]) for i in range(12)], 1)
    assert torch.equal(again.view_as(drawn), drawn)


@pytest.mark.parametrize("pattern", ["dense", "strided", "fixed"])
def test_cached_logits_are_the_uncached_ones(pattern):
    sampler = Transformer(**SMALL, pattern=pattern).eval()
    codes = codes_of().flatten(1)
    whole = sampler.logits(codes)
    tokens = torch.cat([sampler.prefix(2, None), sampler.table(codes[:, :-1])], 1)
    past, made = sampler.stack.past(), []
    for some in (tokens[:, :3], *tokens[:, 3:].split(1, 1)):  # three tokens at once, then one by one
        made.append(sampler.stack(some, sampler.masks, past))
    assert (torch.cat(made, 1) - whole).abs().max() < 1e-5


@pytest.mark.parametrize("make", [*CAUSAL, pytest.param(lambda: MaskGIT(**SMALL), id="maskgit")])
def test_a_model_that_knows_nothing_costs_log_k(make):
    sampler = make().eval()
    head = sampler.head[-1] if isinstance(sampler, PixelCNN) else sampler.stack.head
    for weight in head.parameters():
        nn.init.zeros_(weight)
    codes = codes_of()
    with torch.random.fork_rng():
        torch.manual_seed(3)
        cost = sampler.terms(codes)["cross_entropy"].item()
    share = 1.0
    if isinstance(sampler, MaskGIT):
        torch.manual_seed(3)
        share = float(sampler.masked(codes.flatten(1)).float().mean())
    assert cost == pytest.approx(share * math.log(7), rel=1e-5)


@pytest.mark.parametrize("make", CAUSAL)
def test_the_cross_entropy_is_that_of_the_indices(make):
    sampler, codes = make().eval(), codes_of()
    probability = logits_of(sampler, codes).softmax(-1)
    of_codes = probability.gather(-1, codes.flatten(1)[..., None])
    cost = sampler.terms(codes)["cross_entropy"].item()
    assert cost == pytest.approx(-of_codes.log().mean().item(), rel=1e-5)


@pytest.mark.parametrize("make", LABELED)
def test_a_one_hot_row_is_its_class_and_rows_mix(make):
    sampler, codes = make().eval(), codes_of(3)
    label = torch.arange(3)
    by_class = logits_of(sampler, codes, label)
    assert torch.allclose(logits_of(sampler, codes, torch.eye(3)), by_class, atol=1e-5)
    assert (by_class[0] - logits_of(sampler, codes, label.flip(0))[0]).abs().max() > 1e-3
    with pytest.raises(FitError, match="reads labels, but got none"):
        sampler.terms(codes)
    with pytest.raises(FactError, match="the data have no labels"):
        type(sampler)(latent=(3, 4), codebook_size=7, classes=0)


def test_a_label_is_embedded_as_the_index_of_its_number():
    sampler = LabeledTransformer(**SMALL, classes=9)
    assert sampler.table.weight.shape == (9, 8) and sampler.stack.head.weight.shape == (7, 8)
    label = torch.tensor([8, 2])
    assert torch.equal(sampler.prefix(2, label)[:, 0], sampler.table.weight[label])


def test_indices_are_replaced_as_often_as_not_kept():
    sampler = Transformer(**{**SMALL, "latent": (50, 40), "codebook_size": 1000}, keep=0.8)
    codes = torch.zeros(2, 2000, dtype=torch.int64)
    assert (sampler._replaced(codes) > 0).float().mean() == pytest.approx(0.2, abs=0.03)
    assert torch.equal(sampler.eval()._replaced(codes), codes)


@pytest.mark.parametrize(
    "place, corner, before",
    [((0, 0), (0, 0), 0), ((3, 5), (1, 3), 10), ((7, 9), (4, 6), 15), ((2, 9), (0, 6), 11)],
)
def test_the_window_is_around_the_place(place, corner, before):
    rows, columns, count = window_at(*place, (8, 10), (4, 4))
    assert (rows.start, columns.start, count) == (*corner, before)
    assert rows.stop - rows.start == columns.stop - columns.start == 4


def test_a_larger_map_is_drawn_through_the_window():
    small = Transformer(**SMALL).eval()
    large = Transformer(**{**SMALL, "latent": (5, 6)}, window=(3, 4)).eval()
    large.load_state_dict(small.state_dict())
    noise = torch.rand(8, 5, 6, generator=torch.Generator().manual_seed(0))
    made = large.latents(noise)
    # the first windows begin at the corner of the map, as if it were small
    assert torch.equal(made[:, 0, :3], small.latents(noise[:, :3, :4])[:, 0, :3])
    # further on, an index follows from the window around it: place (3, 3) is at (1, 2) of the one from (2, 1)
    seen = made[:, 2:5, 1:5].flatten(1)
    logits = small.logits(seen)[:, 1 * 4 + 2]
    assert torch.equal(small.pick(logits, noise[:, 3, 3]), made[:, 3, 3])
    with pytest.raises(FitError, match=r"learns maps of its window \(3, 4\), not \(5, 6\)"):
        large.terms(made)


def test_misfits_are_named():
    with pytest.raises(FitError, match="3 heads do not divide the width 8"):
        Transformer(**{**SMALL, "heads": 3})
    with pytest.raises(FitError, match="3 heads do not divide the width 8"):
        MaskGIT(**{**SMALL, "heads": 3})
    with pytest.raises(FitError, match=r"a window \(4, 4\) needs maps .* the latents are \(3, 4\)"):
        Transformer(**SMALL, window=(4, 4))
    with pytest.raises(FitError, match=r"maps of two sides, but the latents are \(12,\); use sampler/trans"):
        PixelCNN(**{**PIXELS, "latent": (12,)})
    with pytest.raises(FitError, match="got 4: choose an odd one"):
        PixelCNN(**PIXELS, kernel=4)


@pytest.mark.parametrize("make", [*CAUSAL, pytest.param(lambda: MaskGIT(**SMALL), id="maskgit")])
def test_indices_out_of_range_and_other_maps_are_refused(make):
    sampler, codes = make(), codes_of()
    for wrong in (-1, 7):
        codes[1, 2, 3] = wrong
        with pytest.raises(UserError, match=r"reads indices from 0 to 6, but got .* to "):
            sampler.terms(codes)
    with pytest.raises(FitError, match=r"reads maps of indices \(3, 4\), but got \(4, 3\)"):
        sampler.terms(codes_of().transpose(1, 2))


@pytest.mark.parametrize("make", [*CAUSAL, pytest.param(lambda: MaskGIT(**SMALL), id="maskgit")])
def test_logits_are_float32_under_autocast(make):
    sampler, codes = make().eval(), codes_of()
    with torch.autocast("cpu", torch.bfloat16):
        assert logits_of(sampler, codes).dtype == torch.float32
        assert sampler.terms(codes)["cross_entropy"].dtype == torch.float32
        assert sampler(3, rng=torch.Generator().manual_seed(0)).shape == (3, 3, 4)


def test_sizes_are_those_of_the_released_code():
    """Parameters of minGPT: 12 W² + 13 W in each of the blocks."""
    with torch.device("meta"):
        made = Transformer(latent=(16, 16), codebook_size=1024, layers=24, heads=16, width=1024)
    count = sum(p.numel() for p in made.parameters())
    assert count == 24 * (12 * 1024**2 + 13 * 1024) + (1024 + 256) * 1024 + 2 * 1024 + 1024 * 1024
