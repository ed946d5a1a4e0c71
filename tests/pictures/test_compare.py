import json
import re
import shutil
import subprocess
import sys
from html import unescape

import pytest
from faked_runs import FD, NASTY, describe, fake_run, save_scores, scores
from html_page import Page
from small import SmallGenerator, know_small_parts

from gancore import Pipeline
from gancore.cli import run as command_line
from gancore.errors import RunError, UserError
from gancore.pictures.alike import unlike
from gancore.pictures.compare import write_comparison
from gancore.pictures.differences import differences, distinct_names
from gancore.pictures.report import write_report
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal, Uniform


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


@pytest.fixture
def two(tmp_path):
    fake_run(tmp_path / "one", alarmed=True)
    fake_run(tmp_path / "other", width=32, reach=0.5, shade=80)
    return [tmp_path / "one", tmp_path / "other"]


def compared(runs, **words):
    path = write_comparison(runs, runs[0].parent / "out" / "compare.html", **words)
    return Page(path.read_text(encoding="utf-8"))


def cells(page, name):
    """The words of the first row that goes by this name."""
    row = re.search(rf'<th scope="row">{re.escape(name)}.*?</tr>', unescape(page.source))[0]
    return [" ".join(re.sub("<.*?>", " ", cell).split()) for cell in re.findall("<td[^>]*>(.*?)</td>", row)]


def row_of(page, name):
    """The words of a run's row in the overview."""
    row = re.search(rf'<th scope="row"><i[^>]*></i>{name}</th>.*?</tr>', page.source)[0]
    return re.findall("<td[^>]*>(.*?)</td>", row)


def give(run, *, count=1000, file="00001000.json", images=1000, **values):
    """A run's evaluation: names with value, error and direction, as `FD=(20, 0.5, "lower")`."""
    table = {
        f"{name}[emoji-1]": {"value": value, "error": error, "better": better}
        for name, (value, error, better) in values.items()
    }
    save_scores(run / "scores" / file, table, images=images, count=count)


def verdict_of(page):
    """The sentences of the verdict."""
    found = re.search('<section id="verdict".*?</section>', unescape(page.source), re.DOTALL)[0]
    return re.findall('<p class="verdict">(.*?)</p>|<li>(.*?)</li>', found)


def said_by(page):
    return ["".join(pair) for pair in verdict_of(page)]


def keep_pipeline(run, sampler, *, width=4, seed=0):
    """A pipeline that was never trained, as the run's product."""
    generator = SmallGenerator(image=(3, 8, 8), width=width)
    Pipeline(sampler=sampler, conditioner=Identity(code=(width,)), generator=generator).save(run / "pipeline")


def test_the_runs_stand_side_by_side(two):
    made = compared(two, samples=0)
    assert [run["name"] for run in made.data["runs"]] == ["one", "other"]
    assert row_of(made, "one") == ["1,000", "100", "5 min 00 s", "1"]
    assert row_of(made, "other") == ["500 of 1,000", "50", "2 min 30 s", "none"]
    assert "In common: recipe dcgan · state done · data my photos" in made.source
    assert "batch 10" in made.source
    assert [attributes["data-toggle"] for _, attributes in made.elements if "data-toggle" in attributes] == [
        "0",
        "1",
    ]


def test_curves_lie_over_each_other(two):
    adversarial = compared(two, samples=0).curves[0]
    assert (adversarial["player"], adversarial["term"]) == ("generator", "adversarial")
    assert [(series["run"], series["images"][-1]) for series in adversarial["series"]] == [
        (0, 1000),
        (1, 500),
    ]


def test_one_slider_moves_all_timelines(two):
    made = compared(two, samples=0)
    sliders = [attributes for _, attributes in made.elements if attributes.get("aria-label") == "images seen"]
    assert [slider["max"] for slider in sliders] == ["4"]
    assert [sheet["data-images"] for sheet in made.sheets] == [
        "0",
        "250",
        "500",
        "750",
        "1000",
        "0",
        "250",
        "500",
    ]


def test_the_best_final_score_is_marked(two):
    made = compared(two, samples=0)
    assert cells(made, FD) == ["20 ± 0.50 best", "48 ± 0.50"]
    assert cells(made, "recall") == ["0.1800", "0.1650"], "how far chance moves it is not known"
    assert cells(made, "after images") == ["1,000", "500"]


def test_what_two_standard_errors_cover_is_not_told_apart(two):
    save_scores(
        two[1] / "scores" / "00000500.json",
        {FD: {"value": 21.0, "error": 0.5, "better": "lower"}},
        images=500,
    )
    made = compared(two, samples=0)
    assert cells(made, FD) == ["20 ± 0.50 tied", "21 ± 0.50 tied"]
    assert cells(made, "recall") == ["0.1800", "—"]


def test_scores_that_were_not_made_alike_are_told(two):
    assert "Protocols differ" not in compared(two, samples=0).source
    save_scores(two[1] / "scores" / "00000500.json", scores(0.5), images=500, count=200)
    made = compared(two, samples=0)
    assert "Protocols differ: samples.count." in made.source
    assert cells(made, "samples.count") == ["1000", "200"]


def test_the_verdict_comes_first_and_then_what_differs(two):
    made = compared(two, samples=0)
    assert made.sections[:3] == ["verdict", "differences", "samples"]
    assert said_by(made)[0] == f"Ahead: one. {FD} is 20 ± 0.50, against 48 ± 0.50 of other."
    assert "One training each" in said_by(made)[-1]


def test_runs_are_labeled_by_what_differs(two, tmp_path):
    describe(two[1], width=32, seed=5, data='sources = ["other photos"]')
    made = compared(two, samples=0)
    labels = re.findall(r'data-toggle.*?<small class="soft">(.*?)</small>', made.source)
    assert labels == ["width 64, seed 3, data my photos", "width 32, seed 5, data other photos"]
    assert "one · width 64, seed 3, data my photos" in made.source, "grids are labeled, too"


def test_nobody_is_ahead_within_the_spread(two):
    for run, value in zip(two, (20, 20.9), strict=True):
        give(run, FD=(value, 0.5, "lower"), file="evaluation.json")
    made = compared(two, samples=0)
    expected = "20 ± 0.50 of one and 20.90 ± 0.50 of other, within two standard errors of each other."
    assert said_by(made) == [f"No run is ahead: {FD} is {expected}"]
    assert "best</span>" not in made.source.split("<h3>evaluation")[1].split("</table>")[0]


def test_values_that_chance_moves_by_an_unknown_amount_have_no_best(two):
    for run, value in zip(two, (20, 30), strict=True):
        give(run, FD=(value, None, "lower"), file="evaluation.json")
    assert "how far chance moves it is not known" in said_by(compared(two, samples=0))[0]


def test_unlike_protocols_have_no_best(two):
    for run, count in zip(two, (1000, 200), strict=True):
        give(run, FD=(20 + count, 0.5, "lower"), file="evaluation.json", count=count)
    made = compared(two, samples=0)
    verdict = said_by(made)
    assert verdict[0] == "No verdict: the scores were not made alike (samples.count)."
    assert verdict[1] == "Score them alike: gancore evaluate RUN, for each of one and other."
    assert "best</span>" not in made.source.split("<h3>evaluation")[1].split("</table>")[0]


def test_noise_wins_no_precision(two):
    give(two[0], FD=(200, 2, "lower"), precision=(0.96, 0.01, "higher"), recall=(0.0, 0.001, "higher"))
    good = {"FD": (20, 2, "lower"), "precision": (0.5, 0.01, "higher"), "recall": (0.4, 0.01, "higher")}
    for name in ("00000500.json", "00001000.json"):
        give(two[1], file=name, **good)
    made = compared(two, samples=0)
    assert cells(made, "precision") == ["0.9600 ± 0.010 not ranked", "0.5000 ± 0.010"]
    assert cells(made, "recall") == ["0 ± 0.0010", "0.4000 ± 0.010 best"]
    told = "Not ranked by precision[emoji-1]: one (recall is 0, as that of noise or of a single image)."
    assert told in said_by(made)


def test_nobody_is_ahead_who_scores_like_noise(two):
    for run, value in zip(two, (208, 239), strict=True):
        give(run, FD=(value, 1, "lower"), file="evaluation.json")
        path = run / "scores" / "evaluation.json"
        table = json.loads(path.read_text())
        path.write_text(json.dumps(table | {"anchors": {"noise": {"count": 64, "scores": {FD: 209}}}}))
    made = compared(two, samples=0)
    expected = f"No run is ahead: {FD} is 208 ± 1 of one, no better than noise (noise scores 209)."
    assert said_by(made) == [expected]
    assert "best</span>" not in made.source.split("<h3>evaluation")[1].split("</table>")[0]


def test_replications_are_no_contest(tmp_path):
    runs = [fake_run(tmp_path / f"seed-{seed}", seed=seed) for seed in (1, 2, 3)]
    for run, value in zip(runs, (19, 20, 21), strict=True):
        give(run, FD=(value, 0.1, "lower"))
    made = compared(runs, samples=0)
    verdict = said_by(made)
    assert verdict[0] == "Replications: these 3 runs differ in their seed alone."
    assert verdict[1] == f"{FD}: mean 20, standard deviation 1, from 19 to 21."
    assert cells(made, FD) == ["20 ± 0.58 19, 20, 21"]
    assert "Protocols differ" not in made.source and "best</span>" not in made.source


def test_a_group_is_ahead_by_more_than_its_seeds_spread(tmp_path):
    runs = [fake_run(tmp_path / f"narrow-{seed}", seed=seed) for seed in (1, 2, 3)]
    runs += [fake_run(tmp_path / "wide", width=96)]
    for run, value in zip(runs, (19, 21, 23, 18), strict=True):
        give(run, FD=(value, 0.1, "lower"))
    assert said_by(compared(runs, samples=0))[0].startswith("No run is ahead"), "2 of spread over seeds"
    give(runs[-1], FD=(10, 0.1, "lower"))
    ahead = "Ahead: wide. FD[emoji-1] is 10 ± 2, against 21 ± 1.2 (mean of 3 seeds) of narrow-1 and 2 more."
    assert said_by(compared(runs, samples=0))[0] == ahead


def test_what_was_judged_and_what_was_drawn_do_not_forbid_a_comparison():
    first = {"samples": {"seed": 1, "run": "a", "batch_norm": "none"}, "seed": 1, "versions": {"torch": "2"}}
    other = {"samples": {"seed": 2, "run": "b", "batch_norm": "running statistics"}, "seed": 2}
    assert unlike([first, other]) == []
    standing = {**other, "samples": {"batch_norm": "standing statistics"}}
    assert unlike([other, standing]) == ["samples.batch_norm"]
    assert unlike([{"reference": {"count": 5}}, {"reference": {"count": 6}}]) == ["reference.count"]


def test_anchors_stand_under_a_score(two):
    path = two[0] / "scores" / "00001000.json"
    table = json.loads(path.read_text())
    table["anchors"] = {
        name: {"count": 500, "what": f"{name} images", "scores": {FD: value}}
        for name, value in (("real", 3.5), ("noise", 210))
    }
    table["scores"][FD]["perfect"] = 0
    path.write_text(json.dumps(table))
    for page in (compared(two, samples=0), Page(write_report(two[0]).read_text(encoding="utf-8"))):
        assert '<small class="anchors">perfect 0 · real 3.500 · noise 210</small>' in page.source
        assert "Under each score: real, 500 real images; noise, 500 noise images." in page.source


def test_only_fields_that_differ_are_listed(two):
    made = compared(two, samples=0)
    assert cells(made, "generator.width") == ["64", "32"]
    assert '<th scope="row">part</th>' not in made.source
    assert "settings.seed" not in made.source
    assert "Environment and parameters are identical." in made.source


def test_a_field_that_one_recipe_lacks_is_a_difference():
    tables = [{"a": {"b": 1, "c": []}, "d": 2}, {"a": {"b": 1, "c": [{"part": "r1"}]}, "d": 3}]
    assert differences(tables) == [("a.c", ["none", None]), ("d", ["2", "3"]), ("a.c.0.part", [None, "r1"])]


def test_names_are_as_short_as_tells_them_apart(tmp_path):
    assert distinct_names([tmp_path / "a" / "run", tmp_path / "b" / "run"]) == ["a/run", "b/run"]
    assert distinct_names([tmp_path / "a" / "run", tmp_path / "b" / "walk"]) == ["run", "walk"]


def test_seeds_that_differ_are_told(two, tmp_path):
    assert "All runs have the same seed" in compared(two, samples=0).source
    fake_run(tmp_path / "third", seed=7)
    assert (
        "Seeds differ (one: 3, other: 3, third: 7)" in compared([*two, tmp_path / "third"], samples=0).source
    )
    (two[0] / "run.toml").unlink()
    assert "Seeds differ (one: unknown, other: 3)" in compared(two, samples=0).source
    (two[1] / "run.toml").unlink()
    assert "No seed is known" in compared(two, samples=0).source


def test_equal_samplers_are_given_the_same_latents(two, tmp_path):
    fake_run(tmp_path / "third")
    keep_pipeline(two[0], Normal(latent=(4,)))
    keep_pipeline(two[1], Normal(latent=(4,)))
    assert "All runs got the same latents." in compared(two, samples=4).source
    keep_pipeline(tmp_path / "third", Uniform(latent=(4,)))
    made = compared([*two, tmp_path / "third"], samples=4, seed=5)
    assert "4 samples of each run in its final state, all drawn from seed 5." in made.source
    assert re.findall(r"latents (\w): ([^<]+)", made.source) == [
        ("A", "normal 4"),
        ("A", "normal 4"),
        ("B", "uniform 4"),
    ]


def test_a_run_without_pipeline_says_why_it_shows_none(two):
    keep_pipeline(two[0], Normal(latent=(4,)))
    source = compared(two, samples=4).source
    assert "latents A: normal 4" in source
    assert f"{two[1]} holds no pipeline yet" in source
    assert "Runs with the same letter got the same latents." in source


def test_a_translator_says_why_it_shows_none(two):
    Pipeline(conditioner=Identity(code=(4,)), generator=SmallGenerator(image=(3, 8, 8))).save(
        two[0] / "pipeline"
    )
    assert "translates images and has no sampler" in compared(two, samples=4).source


def test_old_runs_without_scores_can_be_compared(tmp_path):
    runs = [fake_run(tmp_path / name, scored=False) for name in ("a", "b")]
    made = compared(runs)
    assert "None of these runs has a score." in made.source and "No alarm was raised." in made.source
    assert "Recipes, settings and data are identical." in made.source
    assert "neighbors" not in made.sections


def test_what_a_run_lacks_is_named_with_the_run(two):
    (two[1] / "run.toml").unlink()
    shutil.rmtree(two[1] / "samples")
    made = compared(two, samples=0)
    assert made.missing == ["other: run.toml is not there: data, seed and environment cannot be shown."]
    assert len(made.sheets) == 5


def test_text_of_runs_is_escaped(tmp_path):
    runs = [fake_run(tmp_path / name) for name in ("<i>a", "b&")]
    (runs[0] / "recipe.toml").write_text(f"part = '''{NASTY}'''")
    made = compared(runs)
    assert [tag for tag, _ in made.elements].count("script") == 3
    assert made.data["runs"][0]["name"] == "<i>a"
    assert "&lt;i&gt;a" in made.source and "<i>a" not in made.source


def test_a_comparison_needs_two_runs(two):
    with pytest.raises(
        UserError, match=r"a comparison needs at least two runs; got 1; name their folders: gancore compare"
    ):
        write_comparison(two[:1])


def test_a_run_is_compared_once(two, tmp_path):
    with pytest.raises(UserError, match=r"one is given twice; name each run once"):
        write_comparison([two[0], two[1], tmp_path / "other" / ".." / "one"])


def test_what_is_no_run_is_refused(two, tmp_path):
    with pytest.raises(RunError, match=r"9 is not a folder; expected the folder of a run"):
        write_comparison([two[0], tmp_path / "9"])
    (tmp_path / "bare").mkdir()
    with pytest.raises(
        RunError, match=r"bare is not a run: it holds neither recipe.toml nor log.jsonl; give the folder"
    ):
        write_comparison([two[0], tmp_path / "bare"])


def test_a_place_that_cannot_be_written_is_one_error(two, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        RunError, match=r"cannot make the folder .*file: .*; name a folder that can be written"
    ):
        write_comparison(two, tmp_path / "file" / "compare.html", samples=0)
    with pytest.raises(RunError, match=r"could not write .*one"):
        write_comparison(two, tmp_path / "one", samples=0)


def test_the_verb_writes_into_the_current_folder(two, monkeypatch, capsys):
    monkeypatch.chdir(two[0].parent)
    assert command_line(["compare", "one", "other", "--samples", "0"]) == 0
    assert capsys.readouterr().out == "compare.html\n"
    assert (two[0].parent / "compare.html").read_text().startswith("<!doctype html>")
    assert command_line(["compare", "one"]) == 2
    assert "a comparison needs at least two runs" in capsys.readouterr().err


def test_a_comparison_without_samples_imports_no_torch():
    code = (
        "import sys, gancore.pictures.compare; print([name for name in ('torch', 'PIL', "
        "'numpy') if name in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )
