"""The tutorial's plugin: a third party's, built, installed and used."""

import subprocess
import sys
import venv

import pytest
from documents import ROOT, blocks

FOLDER = ROOT / "docs/tutorial"
PACKAGE = FOLDER / "gancore-siren"
PARTS = [
    "--set",
    'generator={part="siren", width=8, depth=2}',
    "--set",
    'regularizers=["gancore-siren:lecam"]',
    "--set",
    "discriminator.width=4",
]
TRAIN = ["train", "dcgan", *PARTS, "--images", "64", "--batch", "16", "--output", "run"]


def walkthrough():
    """The blocks of the walk-through that are no pieces of files, as one program."""
    return "\n".join(b.text for b in blocks(FOLDER / "README.md") if b.language == "python" and not b.info)


def test_installed_beside_the_others_it_is_listed_trains_and_passes_its_tests(environment):
    environment.install("gancore-siren", package=PACKAGE)
    tests = ["-q", "-p", "no:cacheprovider", "-c", "/dev/null", str(PACKAGE / "tests")]
    done = environment.python(
        "-c",
        f"from gancore.cli import run\nprint([run(words) for words in ({['plugins']}, {TRAIN})])\n"
        f"{walkthrough()}\nimport pytest\nassert pytest.main({tests}) == 0",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gancore-siren 0.1.0: 2 parts" in done.stdout and "[0, 0]" in done.stdout, (
        done.stdout + done.stderr
    )
    recipe = (environment.work / "run/recipe.toml").read_text()
    assert 'part = "gancore-siren:siren"' in recipe and 'part = "gancore-siren:lecam"' in recipe


def test_the_anchors_move_once_an_update_however_it_is_cut(monkeypatch):
    import torch
    from small import SmallDiscriminator, SmallGenerator, Source

    from gancore import TwoPlayerGAN
    from gancore.training.run import TrainingRun

    monkeypatch.syspath_prepend(str(PACKAGE))
    from gancore_siren import LeCam

    def trained(micro_batch):
        recipe = TwoPlayerGAN(
            image=(3, 4, 4),
            generator=SmallGenerator(),
            discriminator=SmallDiscriminator(),
            regularizers=[LeCam()],
        ).double()
        run = TrainingRun(recipe, Source(dtype=torch.float64), batch=8, micro_batch=micro_batch, total=24)
        for _ in range(3):
            recipe.step(run)
            run.step += 1
        return recipe.regularizers[0]

    whole, cut = trained(None), trained(2)
    assert whole.updates == cut.updates == 3
    assert abs(whole.real_anchor) > 1e-3
    for name in ("real_anchor", "fake_anchor"):
        torch.testing.assert_close(getattr(whole, name), getattr(cut, name), rtol=0, atol=1e-10)


@pytest.mark.slow
def test_as_a_wheel_in_a_clean_environment(tmp_path):
    def run(*words):
        done = subprocess.run([str(w) for w in words], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        return done.stdout

    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        tmp_path,
        PACKAGE,
    )
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "clean", with_pip=True, system_site_packages=False)
    python = tmp_path / "clean/bin/python"
    # torch and gancore are those of this environment; the clean one has a place of its own for what is
    # installed
    here = next(p for p in sys.path if p.endswith("site-packages"))
    (there,) = (tmp_path / "clean/lib").glob("python*/site-packages")
    (there / "around.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel)
    assert "gancore-siren 0.1.0: 2 parts" in run(python, "-m", "gancore", "plugins")
    assert "checks passed" in run(python, "-m", "gancore", "check", "gancore-siren")
    run(python, "-m", "gancore", *TRAIN)
    assert (tmp_path / "run/report.html").is_file()
    where = run(python, "-c", "import gancore_siren; print(gancore_siren.__file__)")
    assert str(tmp_path / "clean") in where
