"""Parts that break one promise each. `MUTANTS` says of each class which check is named for it, and which
others fall with it.
"""

import copy

import torch
from kit_honest import (
    HonestAutoencoder,
    HonestConditionalEncoder,
    HonestConditioner,
    HonestDiscriminator,
    HonestEncoder,
    HonestExtractor,
    HonestGenerator,
    HonestPair,
    HonestPenalty,
    HonestRecipe,
    HonestSampler,
    HonestScore,
    HonestSevens,
    HonestTranslator,
)
from torch import nn

from gancore.component.interfaces import Augment, Constraint, LabelSampler, Schedule
from gancore.component.part import field, part
from gancore.component.randomness import normal
from gancore.measure.extractors import Pixels
from gancore.measure.perceptual import Perceptual
from gancore.measure.score import Value
from gancore.nn import given_label, one_hot
from gancore.standard.auxiliaries import ACGAN
from gancore.standard.averages import ExponentialAverage
from gancore.standard.conditioners import Identity, OneHot
from gancore.standard.labels import EmpiricalLabels
from gancore.standard.losses import NonSaturating, Wasserstein
from gancore.standard.optimizers import SGD, Adam
from gancore.standard.quantizers import Codebook, VectorQuantizer
from gancore.standard.regularizers import R1, Drift, GradientPenalty
from gancore.standard.samplers import Normal
from gancore.standard.wrapped_losses import TopK

MUTANTS = {}


def mutant(check, *also, tags=()):
    def wrap(cls):
        made = part(f"mutant-{len(MUTANTS)}", tags=tags)(cls)
        if "__doc__" not in cls.__dict__ or cls.__doc__ is None:
            made.__doc__ = "A mutant."
        MUTANTS[made] = (check, also)
        return made

    return wrap


class _OnceOnly(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.square()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        return 2 * ctx.saved_tensors[0] * gradient


class _SlopeIsConstant(torch.autograd.Function):
    """A cube whose derivative is true, but detached, so that the second one is lost without a word."""

    @staticmethod
    def forward(ctx, x):
        ctx.slope = 3 * x.detach().square()
        return x**3

    @staticmethod
    def backward(ctx, gradient):
        return ctx.slope * gradient


# every part


@mutant("documented")
class Wordless(NonSaturating):
    """To be taken away."""


Wordless.__doc__ = ""


@mutant("offered", "spec_round_trip", "follows_schedules")
class NotOffered(NonSaturating):
    pass


@mutant("spec_round_trip", "follows_schedules")
class ConverterRunsTwice(NonSaturating):
    width: int = field(default=4, converter=lambda width: width + 1)


@mutant("same_seed_same_weights", "spec_round_trip", "build_starts_afresh")
class UnseededWeights(HonestEncoder):
    rng = torch.Generator().manual_seed(3)

    def build(self):
        super().build()
        nn.init.normal_(self.layer.weight, generator=self.rng)


@mutant("another_seat_other_weights")
class SameInEverySeat(HonestEncoder):
    def build(self):
        super().build()
        torch.manual_seed(self._place.seed)
        nn.init.normal_(self.layer.weight)


@mutant("another_seed_other_weights")
class SameUnderEverySeed(HonestEncoder):
    def build(self):
        super().build()
        torch.manual_seed(0)
        nn.init.normal_(self.layer.weight)


@mutant("build_starts_afresh", "spec_round_trip")
class BuildsOnThePast(HonestEncoder):
    def build(self):
        before = self._modules.get("layer")
        super().build()
        if before is not None:
            with torch.no_grad():
                self.layer.weight.add_(before.weight)


@mutant("state_dict_round_trip")
class HiddenWeights(HonestEncoder):
    def build(self):
        super().build()
        self.__dict__["hidden"] = torch.randn(4)

    def forward(self, image):
        return super().forward(image) + self.hidden.to(image)


@mutant("state_dict_round_trip")
class LearnsOutsideItsState(HonestConditioner):
    def build(self):
        super().build()
        self.__dict__["warmth"] = 0.0

    def update_buffers(self):
        super().update_buffers()
        self.__dict__["warmth"] = self.warmth + 1.0

    def forward(self, latent, label=None):
        return super().forward(latent, label) * (1 + self.warmth)


@mutant("deepcopy_round_trip")
class CopyShares(HonestEncoder):
    def __deepcopy__(self, memo):
        other = type(self)(image=self.image)
        other.bind(seed=self._origin[0], path=self._origin[1])
        other.layer = self.layer
        return other


# generators


@mutant("every_code_gives_another_image", "gradient_reaches_everything")
class IgnoresItsCode(HonestGenerator):
    def forward(self, code):
        return super().forward(torch.ones_like(code))


@mutant("rows_are_exact")
class SamplesTouch(HonestGenerator):
    def forward(self, code):
        image = super().forward(code)
        return image - 0.5 * image.mean(0) if self.training else image


@mutant("independent_in_eval", tags=["batch"])
class TouchesInEvalToo(HonestGenerator):
    def forward(self, code):
        image = super().forward(code)
        return image - 0.5 * image.mean(0)


@mutant(
    "float32_under_autocast",
    "gives_float32",
    "takes_one_sample",
    "second_derivatives_are_true",
)
class GivesBfloat16(HonestGenerator):
    def forward(self, code):
        return super().forward(code).bfloat16()


@mutant("gives_float32")
class Float64WhileItLearns(HonestEncoder):
    def forward(self, image):
        code = super().forward(image)
        return code.double() if self.training and not torch.is_autocast_enabled("cpu") else code


@mutant("float32_under_autocast")
class KeepsAutocastType(HonestGenerator):
    def forward(self, code):
        hidden = nn.functional.softplus(self.first(code))
        hidden = hidden + self.strength * normal(len(code), 8, like=code)
        return self.second(hidden).reshape(len(code), *self.image)


@mutant("works_in_float64", "rows_are_exact", "second_derivatives_are_true")
class OnlyFloat32(HonestGenerator):
    def forward(self, code):
        return self.second(self.first(code.float())).float().reshape(len(code), *self.image) * self.strength


@mutant("makes_images")
class WrongShape(HonestGenerator):
    def forward(self, code):
        return super().forward(code)[:, :, 1:]


@mutant("gradient_reaches_everything")
class UnusedWeight(HonestGenerator):
    def build(self):
        super().build()
        self.spare = nn.Linear(3, 3)


@mutant("forward_moves_no_buffer")
class SpectralNormOfTorch(HonestDiscriminator):
    def build(self):
        super().build()
        self.first = torch.nn.utils.parametrizations.spectral_norm(self.first)


@mutant("forward_moves_no_buffer", tags=["batch"])
class CountsItsPasses(HonestGenerator):
    def build(self):
        super().build()
        self.norm = nn.BatchNorm1d(5)
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, code):
        self.passes += float(self.training)
        return super().forward(self.norm(code))


@mutant("rows_are_exact", "independent_in_eval", "works_in_float64")
class NoiseFromElsewhere(HonestGenerator):
    def forward(self, code):
        return super().forward(code + 4 * torch.randn_like(code))


@mutant("channels_last_agrees")
class ReadsMemoryOrder(HonestDiscriminator):
    def forward_features(self, image):
        strided = (
            image.permute(0, 2, 3, 1) if image.is_contiguous(memory_format=torch.channels_last) else image
        )
        return self.first(strided.flatten(1)).tanh()


@mutant("second_derivatives_are_true")
class GeneratorOnceDifferentiable(HonestGenerator):
    def forward(self, code):
        return super().forward(_OnceOnly.apply(code))


@mutant("second_derivatives_are_true")
class GeneratorForgetsCurvature(HonestGenerator):
    def forward(self, code):
        return super().forward(_SlopeIsConstant.apply(code))


# discriminators


@mutant("scores_images")
class ColumnOfScores(HonestDiscriminator):
    def forward_head(self, features, label=None):
        return super().forward_head(features, label)[:, None]


@mutant("gradient_is_true", "double_backward_is_true")
class DetachesAPath(HonestDiscriminator):
    def forward_features(self, image):
        return super().forward_features(3 * image.detach() - 2 * image)


@mutant("double_backward_is_true")
class OnceDifferentiable(HonestDiscriminator):
    def forward_features(self, image):
        return self.first(_OnceOnly.apply(image.flatten(1)))


@mutant("gives_maps_of_its_layers")
class DetachedLayers(HonestDiscriminator):
    def maps(self, image):
        return [image.detach()]


_DEAF = ("reads_every_number_of_a_label", "refuses_a_row_of_another_length")


@mutant("every_label_changes_the_scores", "gradient_reaches_everything", *_DEAF)
class IgnoresLabels(HonestDiscriminator):
    examples = ({"classes": 3},)

    def forward_head(self, features, label=None):
        return self.second(features)[:, 0]


@mutant("scores_without_labels", "every_label_changes_the_scores", *_DEAF)
class ReadsLabelsInSecret(HonestDiscriminator):
    examples = ({"classes": 0}, {"classes": 3})

    def forward_head(self, features, label=None):
        scores = self.second(features)[:, 0]
        if self.label is not None:
            return scores + 0 * self.label.weight.sum() + 0 * self.label.bias.sum()
        return scores if label is None else scores + label


# encoders


@mutant("encodes_images")
class HalfCodes(HonestEncoder):
    def code(self, image, label=None):
        return self(image)[: len(image) // 2]


@mutant("every_label_changes_what_it_encodes", "gradient_reaches_everything", *_DEAF)
class EncodesWithoutLabels(HonestConditionalEncoder):
    def forward(self, image, label=None):
        return self.layer(image.flatten(1)).float()


# translators


@mutant("takes_any_size")
class MakesOneSize(HonestTranslator):
    def forward(self, code):
        return nn.functional.interpolate(super().forward(code), self.image[1:])


# extractors


@mutant("makes_features")
class BearsTheRangeAlone(HonestExtractor):
    def forward(self, image):
        return super().forward((1 + image).sqrt())


@mutant("rows_are_apart")
class CentersItsBatch(HonestExtractor):
    def forward(self, image):
        features = super().forward(image)
        return features - features.mean(0) if self.training else features


@mutant("repeats_itself", "rows_are_apart")
class BlursAtRandom(HonestExtractor):
    def forward(self, image):
        return super().forward(image + torch.rand(1))


@mutant("repeats_itself", "rows_are_apart")
class WritesIntoImages(HonestExtractor):
    def forward(self, image):
        return super().forward(image.mul_(0.5))


@mutant("sees_the_image")
class SeesShapes(HonestExtractor):
    def forward(self, image):
        return torch.ones(len(image), 6)


@mutant("says_what_it_is")
class Talkative(HonestExtractor):
    @property
    def title(self):
        return "the best extractor"


@mutant("classifies")
class Miscounts(HonestExtractor):
    classes = 4


@mutant("refuses_to_classify")
class ClassifiesWithoutClasses(HonestExtractor):
    classes = 0


# samplers, labels, conditioners


@mutant("keeps_within_a_threshold")
class NeverTruncated(Normal):
    def truncated(self, threshold):
        return self


@mutant("draws_from_rng_alone")
class GlobalSampler(Normal):
    def forward(self, n, label=None, *, rng):
        return torch.randn(n, *self.latent)


@mutant("draws_from_rng_alone")
class ConstantSampler(Normal):
    def forward(self, n, label=None, *, rng):
        return torch.ones(n, *self.latent)


@mutant("draws_latents")
class DoubleSampler(Normal):
    def forward(self, n, label=None, *, rng):
        return super().forward(n, label, rng=rng).double()


@mutant("draws_row_by_row")
class BatchSampler(HonestSampler):
    def latents(self, noise, label=None):
        return super().latents((noise + noise.mean(0, keepdim=True)) / 2, label)


@mutant("every_label_changes_the_draw")
class DeafSampler(HonestSampler):
    def latents(self, noise, label=None):
        return super().latents(noise, None)


@mutant("draws_latents")
class OneTooMany(HonestSampler):
    def latents(self, noise, label=None):
        return super().latents(noise, label) + self.codebook_size


@mutant("draws_labels")
class CountsFromOne(LabelSampler):
    examples = ({"label_shape": ()},)

    def forward(self, n, *, rng):
        return torch.randint(self.classes, (n,), generator=rng) + 1


@mutant("draws_labels_from_rng_alone", "keeps_labels_in_its_state")
class GlobalLabels(LabelSampler):
    examples = ({"label_shape": ()},)

    def forward(self, n, *, rng):
        return torch.randint(self.classes, (n,))


@mutant("draws_labels")
class ClassesForRows(EmpiricalLabels):
    def forward(self, n, *, rng):
        return torch.randint(self.classes, (n,), generator=rng)


@mutant("keeps_labels_in_its_state")
class KeepsLabelsAside(EmpiricalLabels):
    def build(self):
        self.given = torch.zeros(1, *self.label_shape).to(torch.float32 if self.label_shape else torch.int64)

    def learn(self, labels):
        self.given = labels

    def forward(self, n, *, rng):
        return self.given[torch.randint(len(self.given), (n,), generator=rng)]


@mutant("every_label_changes_the_code", "gradient_reaches_everything", *_DEAF)
class DeafConditioner(HonestConditioner):
    def embed(self, label):
        return 0.0


@mutant("takes_soft_labels", *_DEAF)
class HardLabelsOnly(HonestConditioner):
    def soft(self, label):
        return nn.functional.one_hot(label.long().flatten()[: len(label)], self.classes).to(self.table.weight)


@mutant("reads_every_number_of_a_label")
class TakesTheLargest(HonestConditioner):
    def soft(self, label):
        label = given_label(self, label, "conditioner/other")
        hard = label.argmax(1) if label.is_floating_point() else label
        return one_hot(hard, self.classes).to(self.table.weight)


@mutant("refuses_a_row_of_another_length")
class TakesAnyRow(HonestConditioner):
    def soft(self, label):
        return one_hot(label, self.classes)[:, : self.classes].to(self.table.weight)


@mutant("truncates_towards_the_mean")
class TruncatesToZeroOfEach(HonestConditioner):
    def truncate(self, code, amount=1.0, layers=None, label=None):
        return code * (0.5 + 0.5 * amount)


@mutant("snaps_to_codes_that_it_makes")
class SnapsWithoutACodebook(HonestConditioner):
    def snap(self, code):
        return code.round()


@mutant("snaps_to_codes_that_it_makes")
class NeverSnaps(Codebook):
    def snap(self, code):
        return code


@mutant("snaps_to_codes_that_it_makes")
class SnapsWithoutAGradient(Codebook):
    def snap(self, code):
        return super().snap(code).detach() + 0 * code


@mutant("second_derivatives_are_true")
class ConditionerOnceDifferentiable(HonestConditioner):
    def forward(self, latent, label=None):
        return super().forward(_OnceOnly.apply(latent), label)


@mutant("second_derivatives_are_true")
class ConditionerForgetsCurvature(HonestConditioner):
    def forward(self, latent, label=None):
        return super().forward(_SlopeIsConstant.apply(latent), label)


@mutant("makes_codes")
class CodesWithAnAxis(HonestConditioner):
    def forward(self, latent, label=None):
        return super().forward(latent, label).unsqueeze(1)


@mutant(
    "repeats_under_one_seed", "truncates_towards_the_mean", "deepcopy_round_trip", "state_dict_round_trip"
)
class NeverTheSame(HonestConditioner):
    def truncate(self, code, amount=1.0, layers=None, label=None):
        return code + 1

    def forward(self, latent, label=None):
        self.__dict__["calls"] = self.__dict__.get("calls", 0) + 1
        return super().forward(latent, label) + 1e-5 * self.calls


@mutant("passes_labels_over")
class AddsLabels(Identity):
    def forward(self, latent, label=None):
        return latent if label is None else latent + 1


# losses


@mutant("wants_the_right_side")
class FlippedSign(Wasserstein):
    def generator(self, fake, real=None):
        return -super().generator(fake, real)


@mutant("wants_the_right_side")
class FlippedDiscriminator(NonSaturating):
    def discriminator(self, real, fake):
        return super().discriminator(fake, real)


@mutant("wants_the_right_side", tags=["batch"])
class LearnsFromTheWorst(TopK):
    def generator(self, fake, real=None):
        return super().generator(-fake, real)


@mutant("trains_its_weights")
class WeightsForTheGenerator(NonSaturating):
    def build(self):
        super().build()
        self.scale = nn.Parameter(torch.ones(()))

    def generator(self, fake, real=None):
        return super().generator(fake, real) * self.scale


@mutant("finite_at_extremes")
class Overflows(NonSaturating):
    def generator(self, fake, real=None):
        return (1 + (-fake).exp()).log().float().mean()


@mutant("is_a_batch_mean")
class Sums(Wasserstein):
    def discriminator(self, real, fake):
        return fake.float().sum() - real.float().sum()


@mutant("gradcheck", "is_a_batch_mean")
class StopsItsGradient(NonSaturating):
    def generator(self, fake, real=None):
        return super().generator(fake, real) * (1 + fake.detach().square().mean())


@mutant("is_pure", "is_a_batch_mean", "gradcheck")
class Remembers(Wasserstein):
    def generator(self, fake, real=None):
        self.__dict__["calls"] = self.__dict__.get("calls", 0) + 1
        return super().generator(fake, real) * self.calls


@mutant("is_a_batch_mean")
class DrawsForItself(Wasserstein):
    def generator(self, fake, real=None):
        return -(fake.float() * torch.rand(fake.shape)).mean()


@mutant("gives_float32_scalars")
class HalfPrecision(Wasserstein):
    def generator(self, fake, real=None):
        return -fake.mean()


# penalties and constraints


@mutant("leaves_nothing_behind")
class LeaksGradients(R1):
    def forward(self, score, real, fake):
        penalty = super().forward(score, real, fake)
        penalty.backward(retain_graph=True)
        return penalty


@mutant("leaves_nothing_behind")
class LeavesRequiresGrad(Drift):
    def forward(self, score, real, fake):
        real.image.requires_grad_()
        return super().forward(score, real, fake)


@mutant("fair_to_a_flat_discriminator")
class RootAtZero(R1):
    def forward(self, score, real, fake):
        (gradient,) = torch.autograd.grad(real.scores.sum(), real.image, create_graph=True)
        return (gradient.flatten(1).square().sum(1).sqrt() - 1).square().mean()


@mutant("fair_to_a_flat_discriminator", "is_exact_in_pieces")
class PunishesImages(Drift):
    def forward(self, score, real, fake):
        return super().forward(score, real, fake) * (1 + real.image.square().mean())


@mutant("is_exact_in_pieces")
class DrawsDirectly(GradientPenalty):
    def forward(self, score, real, fake):
        share = torch.rand(len(real.image), 1, 1, 1)
        image = (share * real.image + (1 - share) * fake.image).requires_grad_()
        (gradient,) = torch.autograd.grad(score(image).sum(), image, create_graph=True)
        return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


@mutant("is_a_scalar_to_descend")
class CannotBeDescended(R1):
    def forward(self, score, real, fake):
        return super().forward(score, real, fake).detach()


@mutant("leaves_no_trace_behind")
class LeavesCodeFlag(HonestPenalty):
    def forward(self, render, fake, real):
        fake.code.requires_grad_()
        return super().forward(render, fake, real)


@mutant("is_exact_in_micro_batches")
class RandomDirection(HonestPenalty):
    def forward(self, render, fake, real):
        return super().forward(render, fake, real) * (1 + torch.rand(len(fake.code)).mean())


@mutant("is_a_scalar_for_the_generator")
class OnePenaltyEach(HonestPenalty):
    def forward(self, render, fake, real):
        return super().forward(render, fake, real).expand(2)


@mutant("remembers_in_its_state_dict")
class CountsUpdatesAside(R1):
    def build(self):
        super().build()
        self.__dict__["updates"] = 0

    def update_buffers(self):
        self.__dict__["updates"] += 1

    def forward(self, score, real, fake):
        return super().forward(score, real, fake) * (1 + self.updates)


@mutant("saves_what_it_remembers")
class GrowsInSecret(HonestPenalty):
    def build(self):
        super().build()
        self.__dict__["updates"] = 0

    def update_buffers(self):
        self.__dict__["updates"] += 1

    def forward(self, render, fake, real):
        return super().forward(render, fake, real) * (1 + self.updates)


@mutant("moves_weights_into_a_set")
class ShrinksForEver(Constraint):
    def forward(self, module):
        for p in module.parameters():
            p.mul_(0.5)


@mutant("declares_what_it_reads")
class ReadsFeaturesSilently(Drift):
    def forward(self, score, real, fake):
        return super().forward(score, real, fake) + 0 * real.features.sum()


@mutant("declares_what_it_asks_for")
class ReadsLabelsAlone(HonestPenalty):
    def forward(self, render, fake, real):
        return super().forward(render, fake, real) * (1 + 0 * fake.label.float().mean())


@mutant("gives_maps")
class DetachedMaps(Pixels):
    examples = ({"size": 4},)

    def maps(self, image):
        return [made.detach() for made in super().maps(image)]


@mutant("names_its_last_layer")
class CopiedLayer(HonestGenerator):
    def last_layer(self):
        return next(self.parameters()).clone()


@mutant("leaves_seated_parts_alone")
class InitializesAll(Codebook):
    def build(self):
        for p in self.parameters():
            nn.init.normal_(p)


# distances


@mutant("tells_images_apart")
class NeverZero(Perceptual):
    def forward(self, image, target):
        return super().forward(image, target) + 1


@mutant("pulls_images_together")
class PushesApart(Perceptual):
    def forward(self, image, target):
        apart = super().forward(image, target)
        return 2 * apart.detach() - apart


@mutant("compares_row_by_row")
class MeansOfTheBatch(Perceptual):
    def forward(self, image, target):
        apart = super().forward(image, target)
        return (apart + apart.mean()) / 2


# quantizers


@mutant("passes_gradients_through")
class StopsGradients(VectorQuantizer):
    def forward(self, code):
        made = super().forward(code)
        return made._replace(code=self.look_up(made.indices))


@mutant("quantizes_codes")
class OffByOne(VectorQuantizer):
    def forward(self, code):
        made = super().forward(code)
        return made._replace(indices=(made.indices + 1) % self.size)


@mutant("quantizes_row_by_row", "quantizes_codes")
class CentersTheBatch(VectorQuantizer):
    def forward(self, code):
        return super().forward(code - code.mean(0, keepdim=True))


# auxiliary objectives


@mutant("has_a_term_for_each_player")
class LeavesTheGeneratorOut(ACGAN):
    def generator(self, fake, real):
        return super().generator(fake, real).detach()


@mutant("trains_its_own_layers")
class AsksTheGeneratorAlone(ACGAN):
    def build(self):
        super().build()
        self.scale = nn.Parameter(torch.ones(()))

    def generator(self, fake, real):
        return super().generator(fake, real) * self.scale.square()


@mutant("says_what_it_reads")
class ReadsLabelsSilently(ACGAN):
    conditional = False


@mutant("leaves_both_players_alone")
class GoesBackward(ACGAN):
    def discriminator(self, real, fake):
        term = super().discriminator(real, fake)
        term.backward(retain_graph=True)
        return term


@mutant("is_exact_for_both_players")
class AddsUp(ACGAN):
    def generator(self, fake, real):
        return super().generator(fake, real) * len(fake.image)


# augments


@mutant("rows_are_exact")
class DrawsOnItsOwn(Augment):
    def forward(self, image):
        return image + torch.rand(len(image), 1, 1, 1).to(image)


@mutant("keeps_the_shape", "is_twice_differentiable")
class Crops(Augment):
    def forward(self, image):
        return image[:, :, 1:]


@mutant("is_twice_differentiable")
class Quantizes(Augment):
    def forward(self, image):
        return image.detach().abs() * image


@mutant("says_which_images_it_replaces")
class ReplacesInSilence(Augment):
    def forward(self, image):
        return image

    def replaced(self, image):
        return torch.ones(len(image), dtype=torch.bool)


# averages, schedules, optimizers


@mutant("follows_the_module", "catches_up")
class GoesTheOtherWay(ExponentialAverage):
    def decay(self, *, images, batch):
        return 1.5


@mutant("saves_the_average")
class KeepsItInSecret(ExponentialAverage):
    def state_dict(self, *given, **how):
        saved = super().state_dict(*given, **how)
        return {name: torch.zeros_like(value) for name, value in saved.items()}


@mutant("starts_from_the_module", "follows_the_module")
class StartsFromZero(ExponentialAverage):
    def start(self, **modules):
        super().start(**modules)
        for p in self.copies.parameters():
            p.data.zero_()


@mutant("is_a_number")
class EndsBelowZero(Schedule):
    def forward(self, images, total):
        return 1.0 - images / max(total, 1)


@mutant("follows_schedules")
class KeepsItsFirstLabel(NonSaturating):
    def discriminator(self, real, fake):
        self.first = self.__dict__.get("first", self.real_label)
        return self.first * Wasserstein().discriminator(real, fake)


@mutant("rescales_for_lazy_updates")
class NeverRescales(Adam):
    def make(self, parameters, rescale=1.0):
        return super().make(parameters)


@mutant("rescales_for_lazy_updates")
class RescalesWhatIsProportional(SGD):
    def make(self, parameters, rescale=1.0):
        return torch.optim.SGD(parameters, self.lr * rescale)


@mutant("a_step_moves_weights")
class MovesTheFirstAlone(SGD):
    def make(self, parameters, rescale=1.0):
        return super().make(list(parameters)[:1], rescale)


@mutant("says_clip_and_factor")
class NegativeClip(SGD):
    @property
    def clip(self):
        return -1.0


class _Forgetful(torch.optim.SGD):
    steps = 0

    def step(self, closure=None):
        self.steps += 1
        for group in self.param_groups:
            group["lr"] = 0.01 * (1 + self.steps % 3)
        return super().step(closure)


@mutant("goes_on_where_it_was")
class CountsOutsideItsState(SGD):
    def make(self, parameters, rescale=1.0):
        return _Forgetful(list(parameters), self.lr)


# recipes


@mutant("an_update_moves_its_player_alone", "micro_batches_equal_the_whole")
class MovesTheOther(HonestRecipe):
    def generator_terms(self, *rows):
        with torch.no_grad():
            self.discriminator.first.weight.mul_(0.99)
        return super().generator_terms(*rows)


@mutant("asks_what_stands_in_its_seats")
class LeavesSeatsOut(HonestRecipe):
    def generator_terms(self, *rows):
        return {"adversarial": super().generator_terms(*rows)["adversarial"]}

    def discriminator_terms(self, batch, latents):
        real, fake = self.scored(batch, latents, [])
        return {
            "adversarial": self.loss.discriminator(real.scores, fake.scores),
            "real": real.scores.detach(),
            "fake": fake.scores.detach(),
        }


@mutant("resumes_to_the_same_bits")
class CountsInSecret(HonestRecipe):
    def step(self, run):
        self.__dict__["steps"] = self.__dict__.get("steps", 0) + 1
        super().step(run)

    def generator_terms(self, *rows):
        return {name: value * self.steps for name, value in super().generator_terms(*rows).items()}


@mutant("micro_batches_equal_the_whole", "two_processes_equal_one")
class SumsOverTheBatch(HonestRecipe):
    def generator_terms(self, latents, *rows):
        size = len(latents.latent)
        return {name: value * size for name, value in super().generator_terms(latents, *rows).items()}


@mutant("two_processes_equal_one")
class KnowsItsRank(HonestRecipe):
    def step(self, run):
        self.__dict__["factor"] = 1.0 + run.ranks.rank
        super().step(run)

    def generator_terms(self, *rows):
        return {name: value * self.factor for name, value in super().generator_terms(*rows).items()}


@mutant("trains_in_bf16")
class FloatAlone(HonestRecipe):
    def generator_terms(self, *rows):
        factor = float("inf") if torch.is_autocast_enabled("cpu") else 1.0
        return {name: value * factor for name, value in super().generator_terms(*rows).items()}


@mutant("pipelines_hold_what_is_trained")
class HandsOutCopies(HonestRecipe):
    def pipelines(self):
        return {name: copy.deepcopy(pipeline) for name, pipeline in super().pipelines().items()}


@mutant("pipelines_give_images")
class SamplesDiffer(HonestRecipe):
    def pipelines(self):
        return {name: Drifting(pipeline) for name, pipeline in super().pipelines().items()}


class Drifting:
    def __init__(self, pipeline):
        self.pipeline, self.calls = pipeline, 0

    def __getattr__(self, name):
        return getattr(self.pipeline, name)

    def sample(self, n, *, seed, **how):
        self.calls += 1
        return self.pipeline.sample(n, seed=seed + self.calls, **how)


@mutant("pipelines_reconstruct_images", "pipelines_give_images")
class MistakesCodesForLatents(HonestAutoencoder):
    def pipelines(self):
        made = super().pipelines()
        made["image"].encoder.__dict__["gives"] = "code"
        return made


@mutant("terms_are_finite")
class LogsNothing(HonestRecipe):
    def step(self, run):
        super().step(run)
        run.noted.clear()


@part("deaf")
class Deaf(HonestSevens):
    """Ignores the last three numbers of its codes, where the class is."""

    def forward(self, code):
        return super().forward(torch.cat([code[:, :4], torch.zeros_like(code[:, 4:])], 1))


@mutant("labels_change_the_images")
class HoldsADeafGenerator(HonestRecipe):
    examples = ({"classes": 3, "generator": Deaf, "conditioner": OneHot},)


@mutant("build_starts_afresh", "spec_round_trip")
class SharesByHand(HonestPair):
    def share(self):
        self.second.first = self.first.first


@mutant(
    "pipelines_begin_as_the_networks",
    "resumes_to_the_same_bits",
    "micro_batches_equal_the_whole",
    "two_processes_equal_one",
)
class AveragesBeforeItShares(HonestPair):
    def share(self):
        self.average.start(first=self.first, second=self.second)
        super().share()

    def start(self):
        pass


# scores


@mutant("gives_values")
class NegativeError(HonestScore):
    def forward(self, study):
        return {name: Value(value.value, -1.0) for name, value in super().forward(study).items()}


@mutant("judges_the_same_twice")
class DrawsElsewhere(HonestScore):
    def distance(self, real, fake, rng):
        return super().distance(real, fake, torch.default_generator)


@mutant("names_its_extractor")
class LacksTheTitle(HonestScore):
    def title(self, study):
        return "distance"


@mutant("refuses_too_few_images")
class TakesAnything(HonestScore):
    def forward(self, study):
        return {self.title(study): Value(float(study.features("samples").mean()))}


@mutant("declares_what_it_needs")
class ReadsTrainingInSecret(HonestScore):
    def forward(self, study):
        study.features("training")
        return super().forward(study)
