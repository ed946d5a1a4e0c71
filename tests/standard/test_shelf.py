"""Parts that need more than scores: numbers by hand, and each of them in a training that is a table."""

import math

import pytest
import torch
from gancore_dcgan import DCGAN
from torch import nn

from gancore import build, create
from gancore.component.randomness import seeded
from gancore.component.scored import Scored
from gancore.component.specs import from_toml
from gancore.errors import FactError, FitError
from gancore.recipes.conditions import check_both_sides_read
from gancore.standard import (
    ACGAN,
    BalancedConsistency,
    Chain,
    ConditionalContrastive,
    DataToDataCrossEntropy,
    FeatureMatching,
    FewLabels,
    Hinge,
    InfoGAN,
    InstanceNoise,
    LatentCodes,
    LatentConsistency,
    LeCam,
    MatchingAware,
    MultiHinge,
    NoisyLabels,
    NonSaturating,
    OrthogonalDiscriminator,
    OrthogonalGenerator,
    RelativisticPairing,
    Rotation,
    TopK,
    Weighted,
)
from gancore.standard.orthogonal import orthogonality
from gancore.testing import recipes
from gancore.testing.trial import Configuration, Trial
from gancore.training.first_step import take_step
from gancore.training.run import TrainingRun


def never(*given):
    raise AssertionError("this was not to be asked for")


def scores(*values, **given):
    made = torch.tensor(values, dtype=torch.float32)
    return Scored(lambda: made, lambda image: image, **given)


def features(rows, *, label=None, latent=None):
    made = torch.tensor(rows)
    return Scored(lambda: made, never, label=label, latent=latent, features_of=lambda image: image)


# the auxiliary classifier


def classifier(**options):
    part = ACGAN(features=(2,), classes=2, **options)
    with torch.no_grad():
        part.head.weight.copy_(torch.eye(2))
        part.head.bias.zero_()
    return part


def test_the_auxiliary_classifier_is_the_cross_entropy_of_both_sorts():
    real = features([[math.log(3), 0.0]], label=torch.tensor([0]))  # P(0) = 3/4
    fake = features([[0.0, math.log(4)]], label=torch.tensor([0]))  # P(0) = 1/5
    part = classifier(weight=2.0, generator_weight=0.5)
    assert part.discriminator(real, fake).item() == pytest.approx(2 * (-math.log(3 / 4) + math.log(5)))
    assert part.generator(fake, real).item() == pytest.approx(math.log(5) / 2)
    assert classifier(fake_weight=0.0).discriminator(real, fake).item() == pytest.approx(-math.log(3 / 4))


def test_the_auxiliary_classifier_predicts_rows_of_numbers():
    fake = features([[1.0, 2.0]], label=torch.tensor([[0.0, 4.0]]))
    assert classifier().generator(fake, fake).item() == pytest.approx((1 + 4) / 2)


def test_a_classifier_of_few_labels_learns_from_those_alone():
    """Of three images the second has no label; the others have P = 3/4 and 1/5 of the right class."""
    part = FewLabels(features=(2,), classes=2, weight=2.0, generator_weight=0.5)
    part.head = nn.Identity()
    rows = [[math.log(3), 0.0], [7.0, -7.0], [math.log(4), 0.0]]
    some = features(rows, label=torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]))
    expected = (-math.log(3 / 4) - math.log(1 / 5)) / 2
    assert part.discriminator(some, None).item() == pytest.approx(2 * expected)
    assert part.generator(some, None).item() == pytest.approx(expected / 2)
    none = features(rows, label=torch.zeros(3, 2))
    assert part.discriminator(none, None).item() == 0
    classes = features(rows, label=torch.tensor([0, 1, 1]))
    surely = torch.nn.functional.cross_entropy(torch.tensor(rows), torch.tensor([0, 1, 1]))
    assert part.generator(classes, None).item() == pytest.approx(surely.item() / 2)


# contrastive heads

ANGLES = torch.tensor([0.0, 0.4, 1.1, 2.0])
LABELS = torch.tensor([0, 0, 1, 1])


def on_the_circle(cls, **options):
    """A part whose head leaves points of the unit circle as they are, with classes at 0.2 and 1.5."""
    part = cls(features=(2,), classes=2, width=2, **options)
    with torch.no_grad():
        part.head.weight.copy_(torch.eye(2))
        part.head.bias.zero_()
        part.proxies.copy_(torch.tensor([[math.cos(a), math.sin(a)] for a in (0.2, 1.5)]))
    points = torch.stack([ANGLES.cos(), ANGLES.sin()], 1).tolist()
    return part, features(points, label=LABELS)


def test_the_contrastive_loss_is_that_of_the_paper():
    part, given = on_the_circle(ConditionalContrastive, temperature=0.5, weight=2.0)
    losses, classes = [], [0.2, 1.5]
    for i, angle in enumerate(ANGLES.tolist()):
        near = math.exp(math.cos(angle - classes[LABELS[i]]) / 0.5)
        others = {j: math.exp(math.cos(angle - ANGLES[j].item()) / 0.5) for j in range(4) if j != i}
        alike = sum(value for j, value in others.items() if LABELS[j] == LABELS[i])
        losses.append(-math.log((near + alike) / (near + sum(others.values()))))
    assert part.discriminator(given, given).item() == pytest.approx(2 * sum(losses) / 4, rel=1e-5)
    assert part.generator(given, given).item() == pytest.approx(sum(losses) / 4, rel=1e-5)


def test_the_data_to_data_cross_entropy_is_that_of_the_paper():
    part, given = on_the_circle(DataToDataCrossEntropy, positive_margin=0.97)
    losses, classes = [], [0.2, 1.5]
    for i, angle in enumerate(ANGLES.tolist()):
        near = math.exp(min(0.0, math.cos(angle - classes[LABELS[i]]) - 0.97) / 0.5)
        others = [
            math.exp(max(0.0, math.cos(angle - ANGLES[j].item()) - 0.02) / 0.5)
            for j in range(4)
            if LABELS[j] != LABELS[i]
        ]
        losses.append(-math.log(near / (near + sum(others))))
    assert part.generator(given, given).item() == pytest.approx(sum(losses) / 4, rel=1e-5)


def test_contrastive_heads_compare_classes_alone():
    part = ConditionalContrastive(features=(2,), classes=2, width=3)
    with pytest.raises(FitError, match="compares classes, int64 .*use auxiliary/acgan"):
        part.generator(features([[1.0, 2.0]], label=torch.tensor([[0.5, 0.5]])), None)
    with pytest.raises(FactError, match="the data have no labels"):
        DataToDataCrossEntropy(features=(2,), classes=0)


# the multi-class hinge


def test_the_multi_class_hinge_is_that_of_the_paper():
    """Three scores of two images: 3 for class 0, 1 for class 1 and 2.5 for fakes; 0, 0 and -4."""
    part = MultiHinge(features=(3,), classes=2, weight=2.0, generator_weight=0.5)
    assert part.head.out_features == 3
    part.head = nn.Identity()
    rows = [[3.0, 1.0, 2.5], [0.0, 0.0, -4.0]]
    real, fake = (features(rows, label=torch.tensor(label)) for label in ([0, 1], [1, 0]))
    of_classes = ((1 - 3 + 2.5) + (1 - 0 + 0)) / 2
    of_fakes = ((1 - 2.5 + 3) + (1 + 4 + 0)) / 2
    assert part.discriminator(real, fake).item() == pytest.approx(2 * (of_classes + of_fakes))
    assert part.generator(fake, real).item() == pytest.approx(((1 - 1 + 3) + (1 - 0 + 0)) / 2 / 2)
    sure = features([[5.0, 1.0, 0.0]], label=torch.tensor([0]))
    assert part.generator(sure, sure).item() == 0, "beyond the margin nothing is left to learn"


def test_the_multi_class_hinge_compares_classes_alone():
    rows = features([[1.0, 2.0]], label=torch.tensor([[0.5, 0.5]]))
    with pytest.raises(FitError, match="compares classes, int64 .*use auxiliary/acgan"):
        MultiHinge(features=(2,), classes=2).generator(rows, rows)


# turned images


def test_the_rotation_head_tells_the_turns_that_are_drawn():
    """Of a 2×2 image with corners a b / c d, turns bring a, b, d, c to the top left; logits are that corner
    times k, so the cross-entropy of turn r is log Σ_k exp(k t) - r t.
    """
    part = Rotation(features=(1,), weight=2.0, generator_weight=0.5)
    with torch.no_grad():
        part.head.weight.copy_(torch.arange(4.0)[:, None])
        part.head.bias.zero_()
    image = torch.tensor([[[[0.3, -0.2], [0.9, 0.5]]]]).expand(40_000, 1, 2, 2)
    scored = Scored(lambda: image, never, features_of=lambda image: image[:, :, 0, 0])
    corners = [0.3, -0.2, 0.5, 0.9]
    expected = (
        sum(math.log(sum(math.exp(k * t) for k in range(4))) - r * t for r, t in enumerate(corners)) / 4
    )
    with seeded(0):
        assert part.discriminator(scored, None).item() == pytest.approx(2 * expected, rel=0.02)
        assert part.generator(scored, None).item() == pytest.approx(expected / 2, rel=0.02)


def test_a_quarter_turn_needs_square_images():
    scored = Scored(lambda: torch.zeros(2, 3, 4, 6), never, features_of=never)
    with pytest.raises(FitError, match="turns images by quarters, but these are 4×6"):
        Rotation(features=(1,)).discriminator(scored, scored)


# wrong labels


def test_the_matching_aware_term_scores_images_with_the_labels_of_others():
    """Scores are the label's number; the first two of the four labels are equal, so one pair is left out."""
    label = torch.tensor([5, 2, 2, 7])
    real = Scored(lambda: torch.zeros(4, 1), lambda image, label=label: label.float(), label=label)
    pairs = [(5, 7), (2, 5), (7, 2)]  # right and wrong label of an image
    expected = sum(math.log(1 + math.exp(-a)) + math.log(1 + math.exp(b)) for a, b in pairs) / 3
    assert MatchingAware(weight=2.0)(never, real, None).item() == pytest.approx(2 * expected, rel=1e-5)
    hinge = MatchingAware(loss="hinge")(never, real, None).item()
    assert hinge == pytest.approx(sum(max(0, 1 - a) + max(0, 1 + b) for a, b in pairs) / 3)


def test_matching_aware_is_algorithm_1_beside_half_of_the_loss():
    """The released loss: log s_r + (log(1 - s_w) + log(1 - s_f)) / 2, negated."""
    rows = torch.tensor([[1.0, 0.0], [0.0, 3.0]])
    real = Scored(lambda: torch.zeros(2, 1), lambda image, label=rows: label.sum(1), label=rows)
    fake = torch.tensor([-0.5, 0.25])
    half = Weighted(discriminator_weight=0.5)
    total = half.discriminator(real.scores, fake) + MatchingAware(weight=0.5)(never, real, None)
    sigmoid, wrong = torch.sigmoid, torch.tensor([3.0, 1.0])
    right = sigmoid(rows.sum(1)).log().mean()
    expected = right + ((1 - sigmoid(wrong)).log().mean() + (1 - sigmoid(fake)).log().mean()) / 2
    assert total.item() == pytest.approx(-expected.item(), rel=1e-5)


def test_a_batch_of_one_label_has_no_wrong_pair():
    label = torch.tensor([1, 1])
    real = Scored(lambda: torch.zeros(2, 1), lambda image, label=label: label.float(), label=label)
    assert MatchingAware()(never, real, None).item() == 0
    with pytest.raises(FitError, match="pairs images with wrong labels, but got none"):
        MatchingAware()(never, scores(1.0), None)


# InfoGAN


def test_the_surprise_of_latent_codes():
    """Logits ln 3 and 0 give the first category 3/4; mean 1, deviation 2 on 5 gives ln 2 + 2 + ln(2π)/2."""
    part = InfoGAN(features=(4,), latent_codes=(2, 1), weight=2.0, continuous_weight=0.5)
    part.head = nn.Identity()
    fake = features([[math.log(3), 0.0, 1.0, math.log(2)]], latent=torch.tensor([[9.0, 9.0, 1.0, 0.0, 5.0]]))
    gaussian = math.log(2) + 2 + math.log(2 * math.pi) / 2
    expected = 2 * -math.log(3 / 4) + gaussian / 2
    assert part.discriminator(fake, fake).item() == pytest.approx(expected, rel=1e-5)
    assert part.generator(fake, fake).item() == pytest.approx(expected, rel=1e-5)


def test_latent_codes_are_one_hot_and_uniform_behind_the_noise():
    sampler = LatentCodes(latent_codes=[3, 1], latent=(6,))
    latent = sampler(4000, rng=torch.Generator().manual_seed(0))
    noise, category, number = latent[:, :2], latent[:, 2:5], latent[:, 5]
    assert noise.std().item() == pytest.approx(1, abs=0.05)
    assert torch.equal(category.sum(1), torch.ones(4000)) and category.unique().tolist() == [0, 1]
    assert category.mean(0).tolist() == pytest.approx([1 / 3] * 3, abs=0.03)
    assert number.abs().max() <= 1 and number.var().item() == pytest.approx(1 / 3, abs=0.02)


def test_a_threshold_is_for_the_noise_before_the_codes():
    sampler = LatentCodes(latent_codes=[3, 1], latent=(6,)).truncated(0.5)
    latent = sampler(100, rng=torch.Generator().manual_seed(0))
    assert latent[:, :2].abs().max() <= 0.5 and latent[:, 2:5].max() == 1 and latent[:, 5].abs().max() > 0.5


def test_codes_are_chosen_and_the_others_are_those_of_the_seed():
    drawn = LatentCodes(latent_codes=[3, 1, 1], latent=(7,))(20, rng=torch.Generator().manual_seed(0))
    chosen = LatentCodes(latent_codes=[3, 1, 1], fixed=[2, "free", -1.5], latent=(7,))
    latent = chosen(20, rng=torch.Generator().manual_seed(0))
    assert torch.equal(latent[:, :2], drawn[:, :2]) and torch.equal(latent[:, 5], drawn[:, 5])
    assert latent[:, 2:5].unique(dim=0).tolist() == [[0, 0, 1]] and latent[:, 6].unique().tolist() == [-1.5]
    assert chosen.truncated(0.5)(3, rng=torch.Generator())[:, 6].unique().tolist() == [-1.5]


def test_values_of_codes_that_are_not_there():
    with pytest.raises(ValueError, match="fixed must be a value for each code"):
        LatentCodes(fixed=["red"])
    for value in (3, 0.5, -1):
        with pytest.raises(FitError, match=f"code 0 has categories from 0 to 2, but fixed gives it {value}"):
            LatentCodes(latent_codes=[3, 1], fixed=[value], latent=(6,))
    with pytest.raises(FitError, match="has 1 codes, .3., but fixed has 2 values"):
        LatentCodes(latent_codes=[3], fixed=[0, 1], latent=(6,))


def test_latent_codes_need_room():
    with pytest.raises(FitError, match=r"puts 12 numbers for the codes \[10, 1, 1\] at the end"):
        LatentCodes(latent=(12,))
    with pytest.raises(ValueError, match="latent_codes must be whole numbers of at least 1, as"):
        LatentCodes(latent_codes=[])


# consistency


class Halved(nn.Module):
    def forward(self, image):
        return image / 2


def test_balanced_consistency_scores_both_sorts_with_their_own_labels():
    part = BalancedConsistency(real_weight=2.0, fake_weight=3.0)
    part.transform.forward = lambda image: image / 2
    real = scores(2.0, 4.0)  # changes 1 and 2
    fake = Scored(lambda: torch.tensor([6.0]), lambda image: image + 100)  # change 3
    assert part(never, real, fake).item() == pytest.approx(2 * 2.5 + 3 * 9)
    part.fake_weight = 0.0
    assert part(never, scores(2.0), Scored(never, never)).item() == pytest.approx(2)


def test_latent_consistency_pulls_scores_together_and_images_apart():
    part = LatentConsistency(weight=2.0, generator_weight=3.0, deviation=0.1)
    latent = torch.zeros(20_000, 1)
    fake = Scored(
        lambda code: 2 * code,
        lambda image: 5 * image[:, 0],
        latent=latent,
        code=lambda: latent,
        generate=lambda z: 2 * z,
    )
    with seeded(0):
        assert part.discriminator(fake, fake).item() == pytest.approx(2 * (5 * 2 * 0.1) ** 2, rel=0.03)
        assert part.generator(fake, fake).item() == pytest.approx(-3 * (2 * 0.1) ** 2, rel=0.03)


def test_latent_consistency_needs_continuous_latents():
    fake = scores(0.0, latent=torch.tensor([[1, 2]]), generate=never)
    with pytest.raises(FitError, match="indices have no neighbors"):
        LatentConsistency().discriminator(fake, fake)


# the others


def test_feature_matching_is_the_distance_of_means():
    real, fake = features([[1.0, 2.0], [3.0, 4.0]]), features([[0.0, 0.0], [0.0, 2.0]])
    assert FeatureMatching(weight=0.5)(never, fake, real).item() == pytest.approx((2**2 + 2**2) / 2)


def test_lecam_measures_the_distance_to_the_other_sides_anchor():
    """Reals 1 and 3, fakes 0 and -2 set the anchors 2 and -1; then 0.5 ((4 + 1)² + (1 - 2)²) = 13."""
    part = LeCam(weight=0.5)
    assert part(never, scores(1, 3), scores(0, -2)).item() == 0
    part.update_buffers()
    assert part(never, scores(4), scores(1)).item() == pytest.approx(13, rel=1e-5)
    part.one_sided = True
    assert part(never, scores(-3), scores(1)).item() == pytest.approx(0.5, rel=1e-5)


def test_orthogonality_looks_at_directions_and_not_at_lengths():
    layer = nn.Linear(2, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[3.0, 0.0], [0.0, 5.0]]))
    assert orthogonality(layer) == 0
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 1.0]]))  # the product of the rows is 5
    assert orthogonality(layer).item() == pytest.approx(2 * 25)
    assert OrthogonalGenerator(weight=0.1)(layer, None, None).item() == pytest.approx(5)
    real = Scored(never, never, discriminator=layer)
    assert OrthogonalDiscriminator(weight=0.1)(never, real, None).item() == pytest.approx(5)


@pytest.mark.parametrize("shape", [(12, 3), (6, 3), (5, 3), (3, 5)])
def test_orthogonality_is_the_sum_over_pairs_of_outputs_whatever_the_shape(shape):
    layer = nn.Linear(shape[1], shape[0], bias=False)
    rows = layer.weight.detach().double()
    pairs = [(a @ b) ** 2 for i, a in enumerate(rows) for j, b in enumerate(rows) if i != j]
    assert torch.allclose(orthogonality(layer).double(), torch.stack(pairs).sum(), rtol=1e-5)


def test_orthogonality_takes_outputs_of_every_layer_and_leaves_embeddings_out():
    transposed = nn.ConvTranspose2d(2, 3, 1, bias=False)
    plain = nn.Conv2d(2, 3, 1, bias=False)
    with torch.no_grad():
        plain.weight.copy_(transposed.weight.transpose(0, 1))
    assert torch.allclose(orthogonality(transposed), orthogonality(plain))
    with pytest.raises(FitError, match="Embedding has no weight matrix"):
        orthogonality(nn.Embedding(3, 4))


def test_top_k_keeps_the_best_of_a_batch_and_their_partners():
    fake, real = torch.tensor([3.0, 1.0, 2.0, 0.0]), torch.tensor([10.0, 20.0, 30.0, 40.0])
    assert TopK(loss="hinge").generator(fake).item() == pytest.approx(-2.5)
    assert TopK(loss="hinge", fraction=0.1).generator(fake).item() == -3
    assert torch.equal(TopK(fraction=1.0).generator(fake), NonSaturating().generator(fake))
    paired = TopK(loss="relativistic-pairing")
    assert paired.needs_real and not TopK().needs_real
    expected = RelativisticPairing().generator(fake[[0, 2]], real[[0, 2]])
    assert torch.equal(paired.generator(fake, real), expected)
    patches = fake.reshape(4, 1, 1, 1).expand(4, 1, 2, 2)
    assert TopK(loss="hinge").generator(patches).item() == pytest.approx(-2.5)
    assert torch.equal(TopK(loss="hinge").discriminator(real, fake), Hinge().discriminator(real, fake))


def test_weighted_losses():
    fake, real = torch.tensor([3.0]), torch.tensor([0.5])
    part = Weighted(loss="hinge", generator_weight=0.0, discriminator_weight=2.0)
    assert part.generator(fake).item() == 0 and part.discriminator(real, fake).item() == 9


def test_noisy_labels_exchange_pairs_as_often_as_said():
    real, fake = torch.full((40_000,), 2.0), torch.full((40_000,), -1.0)
    right, wrong = (Hinge().discriminator(*pair).item() for pair in ((real, fake), (fake, real)))
    with seeded(0):
        noisy = NoisyLabels(loss="hinge", probability=0.25).discriminator(real, fake).item()
    assert noisy == pytest.approx(0.75 * right + 0.25 * wrong, rel=0.02) and right == 0 and wrong == 5
    assert NoisyLabels(loss="hinge", probability=1.0).discriminator(real, fake).item() == wrong
    assert torch.equal(NoisyLabels(loss="hinge").generator(fake), Hinge().generator(fake))


def test_noisy_labels_are_those_of_images_and_not_of_patches():
    real, fake = torch.full((200, 1, 2, 2), 2.0), torch.full((200, 1, 2, 2), -1.0)
    part = NoisyLabels(probability=0.5)
    given = {}
    part.loss.discriminator = lambda real, fake: given.update(real=real, fake=fake)
    with seeded(0):
        part.discriminator(real, fake)
    assert set(given["real"].flatten(1).unique(dim=0).sum(1).tolist()) == {8.0, -4.0}
    assert torch.equal(given["real"] + given["fake"], torch.ones(200, 1, 2, 2))
    with pytest.raises(FitError, match="give as many real as fake images"):
        part.discriminator(real, fake[:3])


def test_instance_noise_and_chains():
    image = torch.zeros(8, 3, 16, 16)
    with seeded(0):
        noisy = InstanceNoise(deviation=0.5)(image)
    assert noisy.std().item() == pytest.approx(0.5, rel=0.05)
    with seeded(0):
        twice = Chain(augments=[InstanceNoise(deviation=3.0), InstanceNoise(deviation=4.0)])(image)
    assert twice.std().item() == pytest.approx(5, rel=0.05)
    assert Chain()(image) is image


# in trainings

SMALL = 'generator = {part = "dcgan", width = 2}\ndiscriminator = {part = "dcgan-plain", width = 4}\n'
LABELED = 'generator = {part = "dcgan", width = 2, latent_size = 12}\n' + SMALL.partition("\n")[2]
TRAININGS = {
    "acgan": LABELED + 'conditioner = {part = "embedding", size = 4}\nauxiliaries = ["acgan"]',
    "infogan": SMALL + 'sampler = {part = "latent-codes", latent_codes = [4, 1]}\nauxiliaries = ["infogan"]',
    "feature-matching": SMALL + 'generator_regularizers = [{part = "feature-matching", weight = 0.1}]\n'
    'loss = {part = "weighted", generator_weight = 0.0}',
    "bcr": SMALL + 'regularizers = ["bcr"]',
    "zcr": SMALL + 'auxiliaries = ["zcr"]',
    "multi-hinge": LABELED + 'conditioner = {part = "embedding", size = 4}\nauxiliaries = ["multi-hinge"]\n'
    'loss = {part = "weighted", generator_weight = 0.0, discriminator_weight = 0.0}',
    "few-labels": LABELED
    + 'conditioner = {part = "embedding", size = 4}\nauxiliaries = ["few-labels", "rotation"]',
    "rotation": SMALL + 'auxiliaries = ["rotation"]',
    "matching-aware": LABELED.partition("\n")[0]
    + '\ndiscriminator = {part = "projection", network = {part = "dcgan-plain", width = 4}}\n'
    'conditioner = {part = "embedding", size = 4}\nregularizers = ["matching-aware"]',
    "max-gradient": SMALL + 'regularizers = ["max-gradient"]\nloss = "dual-contrastive"',
    "noisy-labels": SMALL + 'loss = {part = "noisy-labels", loss = "relativistic-pairing"}',
    "lecam": SMALL + 'regularizers = ["lecam"]',
    "orthogonal": SMALL + 'generator_regularizers = ["orthogonal"]\nregularizers = ["orthogonal"]',
    "top-k": SMALL + 'loss = {part = "top-k", loss = "hinge",'
    ' fraction = {part = "linear", start = 1.0, end = 0.5}}',
    "instance-noise": SMALL
    + 'augment = {part = "instance-noise", deviation = {part = "linear", start = 0.2, end = 0.0}}',
}


class Images:
    position = 0

    def next(self, n=None):
        self.position += n
        rng = torch.Generator().manual_seed(self.position)
        label = torch.randint(3, (n,), generator=rng)
        return {"image": torch.rand(n, 3, 16, 16, generator=rng) * 2 - 1, "label": label}


@pytest.mark.parametrize("name", TRAININGS)
def test_each_of_them_is_put_into_a_seat_by_toml_alone(name):
    table = from_toml(f'part = "gancore-dcgan:dcgan"\n{TRAININGS[name]}')
    recipe = build(table, "recipe")
    recipe.bind(facts={"image": (3, 16, 16), "classes": 3}, by="the data")
    run = TrainingRun(recipe, Images(), batch=8, total=16)
    for _ in range(2):
        recipe.step(run)
        run.step += 1
    logged = run.take_log()
    assert all(math.isfinite(value) for value in logged.values())
    if name not in ("top-k", "instance-noise", "noisy-labels"):
        assert any(key.endswith(f"/{name}") for key in logged)
    if name in ("acgan", "infogan", "zcr", "orthogonal", "multi-hinge", "rotation"):
        assert {f"discriminator/{name}", f"generator/{name}"} <= set(logged)


def test_infogan_says_what_it_waits_for_without_latent_codes():
    with pytest.raises(FactError, match="waits for latent_codes.*given by sampler/latent-codes"):
        create("dcgan", {"auxiliaries": ["infogan"]}, image=(3, 16, 16)).require()


@pytest.mark.parametrize("name", ["contrastive", "d2d-ce", "multi-hinge"])
def test_those_that_compare_classes_refuse_rows_of_numbers_when_they_are_told(name):
    given = {"auxiliaries": [name], "conditioner": {"part": "embedding", "size": 4}}
    said = (
        f"auxiliary/{name} compares classes, whole numbers, but the labels of the data are rows of 3 numbers"
    )
    with pytest.raises(FitError, match=said):
        create("dcgan", given, image=(3, 16, 16), classes=3, label_shape=(3,))


def test_a_classifier_without_a_conditioner_is_refused():
    recipe = create("dcgan", {"auxiliaries": ["acgan"]}, image=(3, 16, 16), classes=3)
    assert recipe.wants == {"image", "label"}
    with pytest.raises(FitError, match="auxiliary/acgan reads labels, but no part that makes images does"):
        check_both_sides_read(recipe)


def test_a_penalty_that_reads_labels_makes_no_discriminator_read_them():
    given = {"regularizers": ["matching-aware"], "conditioner": {"part": "embedding", "size": 4}}
    recipe = create("dcgan", given, image=(3, 16, 16), classes=3)
    with pytest.raises(FitError, match="embedding reads labels, but discriminator/dcgan does not"):
        check_both_sides_read(recipe)
    recipe = create("dcgan", {"regularizers": ["matching-aware"]}, image=(3, 16, 16), classes=3)
    with pytest.raises(FitError, match="matching-aware reads labels, but neither discriminator/dcgan nor"):
        check_both_sides_read(recipe)


# together: what the kit asks of a recipe

TOGETHER = {
    "generator": {"part": "dcgan-plain", "width": 2, "latent_size": 12},
    "discriminator": {"part": "dcgan-plain", "width": 4},
    "sampler": {"part": "latent-codes", "latent_codes": [3, 1]},
    "conditioner": {"part": "embedding", "size": 4},
    "auxiliaries": ["acgan", {"part": "infogan", "width": 8}, "zcr", "rotation", "multi-hinge"],
    "loss": {"part": "noisy-labels", "probability": 0.5},
    "regularizers": ["bcr", "lecam", "orthogonal", {"part": "r1", "every": 2}],
    "generator_regularizers": ["orthogonal"],
    "generator_constraints": [{"part": "weight-clipping", "limit": 1.0}],
    "augment": {"part": "chain", "augments": ["instance-noise", "diffaugment"]},
}


@pytest.mark.parametrize(
    "check",
    [
        recipes.an_update_moves_its_player_alone,
        recipes.trains_in_bf16,
        recipes.resumes_to_the_same_bits,
        recipes.micro_batches_equal_the_whole,
        recipes.two_processes_equal_one,
    ],
)
def test_together_they_keep_the_promises_of_a_recipe(check):
    facts = {"image": (3, 16, 16), "classes": 3}
    with seeded(0):
        check(Trial(Configuration(DCGAN, TOGETHER, facts), n=4))


class Quarters(Images):
    """A bright square in the quarter that the label names."""

    def next(self, n=None):
        self.position += n
        rng = torch.Generator().manual_seed(self.position)
        label = torch.randint(4, (n,), generator=rng)
        image = torch.rand(n, 1, 16, 16, generator=rng) * 0.2 - 1
        for row, quarter in zip(image, label.tolist(), strict=True):
            top, left = divmod(quarter, 2)
            row[:, 8 * top + 2 : 8 * top + 6, 8 * left + 2 : 8 * left + 6] = 1
        return {"image": image, "label": label}


def learned(**seats):
    adam = {"lr": 1e-3}
    networks = {
        "generator": {"width": 8, "latent_size": 20},
        "discriminator": {"part": "dcgan-plain", "width": 8},
    }
    optimizers = {"generator_optimizer": adam, "discriminator_optimizer": adam}
    recipe = create("dcgan", {**networks, **optimizers, **seats}, image=(1, 16, 16), classes=4)
    run = TrainingRun(recipe, Quarters(), batch=32, total=32 * 100)
    for _ in range(100):
        run.noted.clear()
        take_step(run)
    return recipe, run.take_log()


def test_an_auxiliary_classifier_makes_images_follow_their_labels():
    recipe, _ = learned(conditioner={"part": "embedding", "size": 8}, auxiliaries=["acgan"])
    label = torch.arange(4).repeat(16)
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        image = recipe.generator(recipe.conditioner(torch.rand(64, 12, generator=rng) * 2 - 1, label))
    brightest = nn.functional.avg_pool2d(image, 8).flatten(1).argmax(1)
    assert (brightest == label).float().mean() > 0.9


def test_infogans_posterior_tells_the_codes():
    _, log = learned(sampler={"part": "latent-codes", "latent_codes": [4]}, auxiliaries=["infogan"])
    assert log["generator/infogan"] < math.log(4) / 4
