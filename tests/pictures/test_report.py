import os
import re
import shlex
import subprocess
import sys
import time
from html import unescape

import pytest
from faked_runs import ALARM, FD, NASTY, RECALL, describe, fake_run, save_scores, scores, sheet
from html_page import Page
from PIL import Image

from gancore.errors import RunError
from gancore.pictures.report import write_report
from gancore.pictures.scores import courses
from gancore.runs.folder import RunFolder
from gancore.runs.log import Log
from gancore.storage.text import visible, without_home


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "0007-dcgan"
    (folder / "samples").mkdir(parents=True)
    return folder


def fill(run, **words):
    describe(run, **words)
    with Log(run / "log.jsonl") as log:
        for step in range(1, 11):
            log.write(
                step=step,
                images=step * 10,
                seconds=step * 30.0,
                scalars={"generator/adversarial": 1 / step, "discriminator/r1": step},
            )
        log.event("checkpoint", images=100, path="checkpoints/00000100")
    for images in (0, 50, 100):
        Image.new("RGB", (4, 4), (images, 0, 0)).save(run / "samples" / f"{images:08d}.png")


def page(run):
    path = write_report(run)
    assert path == run / "report.html"
    return Page(path.read_text(encoding="utf-8"))


def test_the_page_says_what_ran(run):
    fill(run)
    source = unescape(page(run).source)
    assert "<h1>dcgan</h1>" in source
    for name, value in {
        "images seen": "100 of 1,000",
        "duration": "5 min 00 s",
        "data": "my photos",
        "seed": "3",
        "parameters": "generator 3,576,704, discriminator 2,765,568",
    }.items():
        assert f"<dt>{name}</dt><dd>{value}</dd>" in source
    assert ">dead</span>" in source
    assert '<th scope="row">environment.torch</th><td>2.13.0</td>' in source
    assert '<th scope="row">100 images</th><td>checkpoint: path checkpoints/00000100</td>' in source


@pytest.mark.parametrize(
    ("events", "state"),
    [
        (["finished"], "done"),
        (["stopped", "checkpoint"], "stopped"),
        (["stopped", "resumed"], "dead"),
        (["finished", "resumed"], "dead"),
    ],
)
def test_the_last_turn_of_a_run_is_its_state(run, events, state):
    with Log(run / "log.jsonl") as log:
        for event in events:
            log.event(event, images=100)
    assert f">{state}</span>" in page(run).source


def test_a_page_follows_its_run_while_it_goes_and_not_afterwards(run):
    fill(run)
    with RunFolder(run).lock():
        going = page(run).source
        assert '<body class="report live">' in going and ">running</span>" in going
        assert f'data-at="{str(round(time.time()))[:6]}' in going
        with Log(run / "log.jsonl") as log:
            log.event("finished", images=100)
        assert '<body class="report">' in page(run).source
    with Log(run / "log.jsonl") as log:
        log.event("resumed", images=100)
    left = page(run).source
    assert '<body class="report">' in left and ">dead</span>" in left and "data-at=" not in left


def test_a_look_at_the_lock_of_a_run_changes_nothing(run):
    fill(run)
    assert RunFolder(run).state == "dead" and RunFolder(run).holder is None
    with RunFolder(run).lock():
        assert RunFolder(run).state == "running"
        with pytest.raises(RunError, match="is in use"), RunFolder(run).lock():
            pass


def test_an_alarm_that_is_raised_again_is_folded_and_says_whether_it_lasts(run):
    fake_run(run / "whole", scored=False)
    with Log(run / "whole" / "log.jsonl") as log:
        for images, standing in ((200, True), (400, True), (600, False), (800, True), (1000, False)):
            log.event("scores", images=images, scores=scores(0.5), alarms=["collapse"] * standing)
            if standing:
                log.event("alarm", images=images, **ALARM, changes=[{"beta": 0.5, "loss": "hinge"}])
    made = page(run / "whole")
    assert made.source.count("<b>collapse</b>") == 1 and "1 alarm</a>" in made.source
    assert "after 200 images · no longer at the last evaluation (2 of 4 since)" in made.source
    command = f"gancore train --resume {run / 'whole'} --set beta=0.5 --set loss=hinge"
    assert f'<pre tabindex="0">{command}</pre>' in made.source
    assert made.data["runs"][0]["alarms"] == [[200, "collapse"]]


def test_training_images_stand_beside_the_samples(run):
    fake_run(run / "whole")
    assert "training images</span>" not in page(run / "whole").source
    sheet(run / "whole" / "pictures" / "real.png", (1, 2, 3))
    made = page(run / "whole")
    shown = [attributes for tag, attributes in made.elements if attributes.get("alt") == "training images"]
    assert len(shown) == 1 and "data-images" not in shown[0] and "hidden" not in shown[0]
    assert '<span class="name">samples</span>' in made.source
    (run / "whole" / "pictures" / "real.png").write_bytes(b"torn")
    assert page(run / "whole").missing == ["pictures/real.png is not a complete PNG, so it is omitted."]


TWO = "[environment]\nprocesses = 2"


@pytest.mark.parametrize(
    ("settings", "more", "words"),
    [
        ("batch = 64", "", "64"),
        ("seed = 1", "[effective]\nbatch = 128", "128"),
        ("batch = 64\nmicro_batch = 10", "[effective]\nbatch = 128", "64 = 10 × 7 accumulated"),
        ("batch = 64\nmicro_batch = 64", "", "64"),
        (
            "batch = 64\nmicro_batch = 8",
            TWO,
            "64 = 8 × 4 accumulated × 2 processes",
        ),
        ("batch = 64", TWO, "64 = 32 × 2 processes"),
        ("seed = 1", "", None),
        ("batch = 'x'\nmicro_batch = -1", "[environment]\nprocesses = 0", None),
    ],
)
def test_the_effective_batch_is_named(run, settings, more, words):
    (run / "run.toml").write_text(f"[settings]\n{settings}\n{more}\n")
    found = re.findall(r"<dt>effective batch</dt><dd>(.*?)</dd>", page(run).source)
    assert found == ([words] if words else [])


HOMES = ["/home/anna/photos", "/Users/anna/photos", "/root/photos", "C:\\Users\\anna\\photos"]


@pytest.mark.parametrize("place", HOMES)
def test_a_page_does_not_say_whose_home_its_data_lie_in(run, place):
    command = f"['gancore', 'train', 'dcgan', '--data', '{place}']"
    fill(run, command=command, data=f"sources = ['{place}']")
    (run / "recipe.toml").write_text(f"part = 'dcgan'\n[generator]\nfrom = '{place}'\n")
    with Log(run / "log.jsonl") as log:
        log.event("warning", images=5, text=f"{place} is odd")
        log.event("alarm", images=5, name="a", text=f"{place} is odd", advice=[f"see {place}"])
    save_scores(run / "scores" / "evaluation.json", scores(1.0), left_out={"b": f"{place} is odd"})
    source = unescape(page(run).source)
    assert place not in source and source.count(f"~{place[-7:]}") >= 6


def test_a_home_of_one_s_own_is_found_and_nothing_that_only_looks_like_one(monkeypatch):
    monkeypatch.setenv("HOME", "/data/people/anna")
    assert without_home("see '/data/people/anna/x' and /data/people/annabel") == (
        "see '~/x' and /data/people/annabel"
    )
    same = "/data/home/anna/x data/root/x /rooted/x /homes/anna"
    assert without_home(same) == same


def test_the_command_goes_on_as_the_run_did(run):
    place = '["gancore", "train", "dcgan", "--data", "/home/anna/my photos", "--output", "runs/mine"]'
    fill(run, command=place)
    with (run / "run.toml").open("a") as file:
        file.write(
            "[[changes]]\nafter = 50\nimages = 2000\n[changes.set]\n'generator_optimizer.lr' = 1e-05\n"
            "loss = 'hinge'\naugment = {part = 'ada', target = 0.5}\n"
            "[[changes]]\nafter = 90\nmicro_batch = 4\ndata = ['/new place']\n"
        )
    lines = unescape(page(run).texts["command-text"]).splitlines()
    assert [shlex.split(line) for line in lines[::2]] == [
        ["gancore", "train", "dcgan", "--data", "~/my photos", "--output", "runs/mine"],
        [
            *["gancore", "train", "--resume", "runs/mine", "--images", "2000"],
            *["--set", "generator_optimizer.lr=1e-05", "--set", "loss=hinge"],
            *["--set", 'augment={"part" = "ada", "target" = 0.5}'],
        ],
        ["gancore", "train", "--resume", "runs/mine", "--micro-batch", "4", "--data", "/new place"],
    ]
    assert "~/'my photos'" in lines[0], "a shell expands ~ where it is not quoted"
    assert lines[1::2] == [f"# it was stopped at {n} images, and went on with" for n in (50, 90)]


def test_the_recipe_and_the_command_can_be_copied(run):
    fill(run)
    made = page(run)
    assert made.texts["recipe-text"] == (run / "recipe.toml").read_text()
    assert made.texts["command-text"] == "gancore train dcgan --seed 3"


def test_the_command_is_put_together_where_none_was_kept(run):
    fill(run, command="[]")
    words = page(run).texts["command-text"].split(" ", 3)
    assert words[:2] == ["gancore", "train"]
    assert words[2].endswith("0007-dcgan/recipe.toml")
    assert words[3] == "--data 'my photos' --images 1000 --batch 10 --micro-batch 5 --precision bf16 --seed 3"


def test_data_without_a_name_for_the_command_line_make_no_command(run):
    fill(run, command="[]", data='description = "100 images from an array"')
    made = page(run)
    assert "command-text" not in made.texts
    assert "<dt>data</dt><dd>100 images from an array</dd>" in made.source


def test_curves_are_embedded_by_player(run):
    fill(run)
    charts = page(run).curves
    assert [(chart["player"], chart["term"]) for chart in charts] == [
        ("generator", "adversarial"),
        ("discriminator", "r1"),
        ("run", "images per second"),
    ]
    assert charts[1]["series"] == [
        {"run": 0, "images": [10.0 * n for n in range(1, 11)], "values": [float(n) for n in range(1, 11)]}
    ]


def test_values_that_are_not_finite_are_gaps(run):
    with Log(run / "log.jsonl") as log:
        log.write(step=1, images=1, seconds=0.0, scalars={"a": float("nan"), "b": float("inf")})
    assert [chart["series"][0]["values"] for chart in page(run).curves] == [[None], [None]]


def test_the_last_sheet_is_shown_first(run):
    fill(run)
    assert [(sheet["data-images"], "hidden" in sheet) for sheet in page(run).sheets] == [
        ("0", True),
        ("50", True),
        ("100", False),
    ]


def test_the_page_needs_nothing_else(run):
    fake_run(run / "whole", alarmed=True)
    made = page(run / "whole")
    assert not [tag for tag, _ in made.elements if tag in ("link", "iframe", "object", "embed", "base")]
    assert all(
        re.match("data:image/(png|webp);base64,", attributes["src"])
        for _, attributes in made.elements
        if "src" in attributes
    )
    assert {attributes["href"] for _, attributes in made.elements if "href" in attributes} <= {
        f"#{name}" for name in made.sections
    }
    assert (
        "url(" not in made.source.replace('"url(#" + this.clip', "")
        and "@import" not in made.source
        and "fetch(" not in made.source
    )
    assert re.findall(r"https?://[^\"' ]*", made.source) == ["http://www.w3.org/2000/svg"]
    policy = next(
        attributes["content"]
        for tag, attributes in made.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert policy.count("'sha256-") == 2 and "script-src 'unsafe-inline'" not in policy


def test_text_from_files_is_escaped(tmp_path):
    run = tmp_path / "3-<i>x&"
    (run / "samples").mkdir(parents=True)
    (run / "recipe.toml").write_text(f"part = '''{NASTY}'''")
    (run / "run.toml").write_text(
        f"command = ['''{NASTY}''']\n[data]\nsources = ['''{NASTY}''']\n[environment]\n'<u>' = "
        f"'''{NASTY}'''\n"
    )
    with Log(run / "log.jsonl") as log:
        log.write(step=1, images=1, seconds=0.0, scalars={f"{NASTY}/{NASTY}": 1.0})
        log.event("warning", text=NASTY)
        log.event("alarm", images=1, name=NASTY, text=NASTY, advice=[NASTY])
        log.event(
            "scores",
            images=1,
            scores={NASTY: {"value": 1.0, "error": None, "better": "lower"}},
            diagnostics={NASTY: 1.0},
        )
    save_scores(
        run / "scores" / "<i>.json",
        {NASTY: {"value": 1.0, "error": 0.1, "better": NASTY}},
        left_out={NASTY: NASTY},
    )
    Image.new("L", (4, 4)).save(run / "samples" / "0-<s>$page.png")
    made = page(run)
    assert [tag for tag, _ in made.elements].count("script") == 3
    assert not [tag for tag, _ in made.elements if tag in ("i", "u", "s")]
    assert made.source.count("<b>") == 1
    assert made.texts["recipe-text"] == f"part = '''{NASTY}'''"
    assert shlex.split(made.texts["command-text"]) == [NASTY]
    assert made.curves[0]["player"] + "/" + made.curves[0]["term"] == f"{NASTY}/{NASTY}"
    assert '<span class="name">&lt;s&gt;$page</span>' in made.source


def test_text_that_hides_or_reorders_is_shown_as_its_code(tmp_path):
    hidden = "\x1b[2J\u202efdp\u200b"
    (tmp_path / "recipe.toml").write_text(f"part = '{hidden[4:]}'", encoding="utf-8")
    with Log(tmp_path / "log.jsonl") as log:
        log.write(step=1, images=1, seconds=0.0, scalars={f"g/{hidden}": 1.0})
        log.event("alarm", images=1, name=hidden, text=hidden, advice=[hidden])
    made, told = page(tmp_path), "\\u001b[2J\\u202efdp\\u200b"
    assert made.source == visible(made.source) and told in made.source
    assert made.curves[0]["term"] == told


def test_an_empty_run_says_what_is_missing(tmp_path):
    run = tmp_path / "0009-vae"
    run.mkdir()
    made = page(run)
    assert made.missing == [
        "recipe.toml is not there: what was trained cannot be shown.",
        "run.toml is not there: data, seed and environment cannot be shown.",
        "log.jsonl holds no report yet: there are no curves.",
        "samples/ holds no grid yet: there is no timeline.",
    ]
    assert "<h1>vae</h1>" in made.source and "not started" in made.source
    assert made.curves == []
    assert "command-text" not in made.texts


def test_damaged_files_are_named_and_the_rest_is_shown(run):
    fill(run)
    (run / "run.toml").write_text("seed = = 3")
    (run / "log.jsonl").write_text('{"step": 1}\nnonsense\n')
    (run / "samples" / "00000050.png").write_bytes(b"torn")
    made = page(run)
    assert "run.toml is not valid TOML: Invalid value (at line 1, column 8)." in made.missing
    assert any(
        "log.jsonl, line 2: expected one JSON object, found &#x27;nonsense&#x27;; remove that line" in text
        for text in made.missing
    )
    assert "samples/00000050.png is not a complete PNG, so it is omitted." in made.missing
    assert [sheet["data-images"] for sheet in made.sheets] == ["0", "100"]


def test_a_torn_last_line_is_no_trouble(run):
    fill(run)
    with (run / "log.jsonl").open("a") as file:
        file.write('{"step": 11, "ima')
    made = page(run)
    assert made.missing == []
    assert len(made.curves[0]["series"][0]["values"]) == 10


def test_a_report_without_its_place_is_left_out(run):
    fill(run)
    with (run / "log.jsonl").open("a") as file:
        file.write('{"scalars": {"generator/adversarial": 9.0}}\n')
    assert len(page(run).curves[0]["series"][0]["values"]) == 10


def test_text_that_is_no_unicode_still_makes_a_page(run):
    fill(run)
    with Log(run / "log.jsonl") as log:
        log.event("warning", file=os.fsdecode(b"bad\xff.png"))
    assert "warning: file bad?.png" in page(run).source


def test_many_sheets_are_counted(run):
    for images in range(50):
        Image.new("L", (4, 4)).save(run / "samples" / f"{images:08d}.png")
    made = page(run)
    assert len(made.sheets) == 40
    assert "<small>40 of 50 grids, all from the same latents or images</small>" in made.source


def test_a_report_replaces_the_one_before(run):
    write_report(run)
    fill(run)
    assert "<h1>dcgan</h1>" in page(run).source
    assert sorted(path.name for path in run.iterdir()) == [
        "log.jsonl",
        "recipe.toml",
        "report.html",
        "run.toml",
        "samples",
    ]


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(
        RunError, match=r"7 is not a folder; expected the folder of a run, such as runs/0007-dcgan"
    ):
        write_report(tmp_path / "7")


def test_the_report_imports_neither_torch_nor_pillow():
    code = (
        "import sys, gancore.pictures.report; print([name for name in ('torch', 'PIL', "
        "'numpy') if name in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_scores_over_the_training_are_charts_with_their_best(run):
    made = page(fake_run(run / "whole"))
    distance, recall = made.data["boards"]["scores"][0]["charts"]
    assert (distance["term"], distance["better"], recall["better"]) == (FD, "lower", "higher")
    assert distance["series"][0] == {
        "run": 0,
        "images": [200, 400, 600, 800, 1000],
        "values": [52, 44, 36, 28, 20],
        "errors": [0.5] * 5,
        "best": 4,
    }
    assert recall["series"][0]["best"] == 3 and recall["series"][0]["errors"] == [None] * 5
    assert made.data["boards"]["scores"][1]["charts"][0]["term"] == "diversity"


def test_the_latest_scores_stand_in_a_table_with_their_protocol(run):
    folder = fake_run(run / "whole")
    save_scores(
        folder / "scores" / "evaluation.json",
        scores(1.0),
        count=10_000,
        left_out={"intra-class": "it needs labels"},
    )
    source = unescape(page(folder).source)
    rows = re.findall(rf'<th scope="row">{re.escape(RECALL)}</th>(.*?)</tr>', source)
    assert [re.sub("<.*?>", " ", row).split() for row in rows] == [
        ["0.1800", "↑", "higher", "0.1920", "after", "800", "images"],
        ["0.1800", "↑", "higher"],
    ]
    assert (
        "while training <small>after 1,000 images · emoji-1, 1,000 samples against 500 · 1.2 s</small>"
        in source
    )
    assert "evaluation <small>emoji-1, 10,000 samples against 500 · 1.2 s</small>" in source
    assert '<th scope="row">samples.count</th><td>10000</td>' in source
    assert "<li>intra-class: it needs labels</li>" in source


def test_scores_of_a_log_alone_make_a_table_without_protocol(run):
    with Log(run / "log.jsonl") as log:
        log.event("scores", images=10, scores=scores(0.5))
    source = page(run).source
    assert "after 10 images" in source and "There is no protocol for these scores." in source


def test_a_damaged_file_of_scores_is_named(run):
    fake_run(run / "whole")
    (run / "whole" / "scores" / "00000500.json").write_text('{"scores": ')
    (run / "whole" / "scores" / "odd.json").write_text("[1]")
    missing = page(run / "whole").missing
    assert [
        re.match(r"scores/(\w+)\.json is not an evaluation \(.+\), so it is omitted\.", text)[1]
        for text in missing
    ] == ["00000500", "odd"]


def test_values_that_are_not_finite_reach_no_chart_and_no_best(run):
    with Log(run / "log.jsonl") as log:
        for images, value in ((1, "nan"), (2, 3.0), (3, "-inf")):
            log.event(
                "scores", images=images, scores={"FD": {"value": value, "error": None, "better": "lower"}}
            )
    made = page(run)
    assert made.data["boards"]["scores"][0]["charts"][0]["series"][0] | {"errors": None} == {
        "run": 0,
        "images": [1, 2, 3],
        "values": [None, 3, None],
        "errors": None,
        "best": 1,
    }
    assert '<span class="number">not finite</span>' in made.source


def test_an_alarm_says_where_and_what_to_try(run):
    made = page(fake_run(run / "whole", alarmed=True))
    shown = re.search(r'<ul class="alarms">.*?</section>', made.source, re.DOTALL)[0]
    assert f"<b>{ALARM['name']}</b>" in shown and "after 600 images" in shown and ALARM["text"] in shown
    assert all(f"<li>{advice}</li>" in shown for advice in ALARM["advice"])
    assert made.data["runs"][0]["alarms"] == [[600, "collapse"]]
    assert '<a class="pill warm" href="#alarms">1 alarm</a>' in made.source


def test_a_run_without_alarms_or_scores_says_so(run):
    fill(run)
    made = page(run)
    assert "No alarm was raised." in made.source
    assert "Neither the log nor scores/ contains a score of this run." in made.source
    assert "scores-board" not in made.texts


def test_pictures_of_neighbors_and_classes_are_shown(run):
    made = page(fake_run(run / "whole"))
    assert {"neighbors", "classes"} <= set(made.sections)
    assert "among 1,000 training images, by emoji-1" in made.source
    (run / "whole" / "pictures" / "classes.png").write_bytes(b"torn")
    made = page(run / "whole")
    assert "classes" not in made.sections
    assert made.missing == ["pictures/classes.png is not a complete PNG, so it is omitted."]


@pytest.mark.slow
def test_a_page_stays_small_whatever_the_sheets_weigh(run):
    fill(run)
    noise = Image.frombytes("RGB", (600, 1000), os.urandom(600 * 1000 * 3))
    for images in range(0, 250, 10):
        noise.save(run / "samples" / f"{images:08d}.png")
    made = page(run)
    assert len(made.source) < 25_000_000
    assert len(made.sheets) == 25 and made.sheets[1]["src"].startswith("data:image/webp;base64,")
    assert "Reduced in size to keep this page small; the originals are in samples/." in made.source


def test_several_pipelines_share_the_slider(run):
    fill(run)
    sheet(run / "samples" / "00000100-backward.png", (1, 2, 3))
    made = page(run)
    assert [
        attributes["max"]
        for tag, attributes in made.elements
        if tag == "input" and attributes.get("aria-label") == "images seen"
    ] == ["2"]
    assert (
        '<span class="name">samples</span>' in made.source
        and '<span class="name">backward</span>' in made.source
    )


def test_a_precision_without_recall_is_not_the_best_of_a_training():
    def line(images, precision, recall):
        values = {"precision[emoji-1]": precision, "recall[emoji-1]": recall}
        scores = {name: {"value": value, "better": "higher"} for name, value in values.items()}
        return {"event": "scores", "images": images, "scores": scores}

    precision, recall = courses([line(1, 1.0, 0.0), line(2, 0.5, 0.3), line(3, 0.6, 0.2)])
    assert (precision.best, recall.best) == (2, 1)
