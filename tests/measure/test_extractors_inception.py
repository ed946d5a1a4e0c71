"""The 2015 Inception network against the reference, and what happens when its weights are not at hand."""

import http.server
import math
import threading
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from gancore.errors import FitError, MeasureError
from gancore.measure.extractors import Inception2015, inception_weights
from gancore.measure.extractors.resizing import corner_bilinear
from gancore.storage.files import sha256

PARITY = Path(__file__).parents[3] / "shared" / "data" / "parity" / "inception-2015.safetensors"


@pytest.fixture(scope="module")
def network():
    return Inception2015(weights="none", image=(3, 64, 48))


def by_formula(name, shape, i):
    """The i-th tensor of a state dict, from 0, where names are sorted."""
    count = math.prod(shape)
    h = torch.sin(torch.arange(count, dtype=torch.float64) * 12.9898 + (i + 1) * 78.233) * 43758.5453
    u = 2 * (h - h.floor()) - 1
    if len(shape) == 4:
        u *= math.sqrt(6 / math.prod(shape[1:]))
    elif name == "fc.weight":
        u *= math.sqrt(3 / shape[1])
    elif name.endswith("bn.weight"):
        u = 1 + 0.1 * u
    elif name.endswith("running_var"):
        u = 1 + 0.5 * u
    else:
        u *= 0.1
    return u.reshape(shape).float()


def formula_state(network):
    state = network.state_dict()
    names = sorted(name for name, value in state.items() if value.is_floating_point())
    return {name: by_formula(name, state[name].shape, i) for i, name in enumerate(names)}


def test_it_has_the_published_number_of_weights(network):
    assert sum(p.numel() for p in network.parameters()) == 23_850_960
    state = network.state_dict()
    assert len(state) == 566
    assert state["Conv2d_1a_3x3.conv.weight"].shape == (32, 3, 3, 3)
    assert state["Mixed_7c.branch3x3dbl_3b.conv.weight"].shape == (384, 384, 3, 1)
    assert state["fc.weight"].shape == (1008, 2048)
    assert {child for child, _ in network.named_children()} >= {
        "Mixed_5b",
        "Mixed_6a",
        "Mixed_6e",
        "Mixed_7a",
    }


@pytest.mark.skipif(not PARITY.exists(), reason=f"{PARITY} is not there")
def test_it_equals_the_reference(capsys):
    network = Inception2015(weights="none", image=(3, 64, 48))
    network.load_state_dict(formula_state(network), strict=False)
    given = load_file(PARITY)
    with torch.no_grad():
        found = network.blocks(given["in.image"].float() / 127.5 - 1)
    assert {f"out.{name}" for name in found} | {"in.image"} == set(given)
    off = {
        name: float((value - given[f"out.{name}"]).abs().max() / given[f"out.{name}"].abs().max())
        for name, value in found.items()
    }
    with capsys.disabled():
        print(f"\nInception of 2015, largest relative difference from the reference: {max(off.values()):.1e}")
    assert max(off.values()) < 1e-5


def test_logits_have_no_bias_and_the_features_are_the_last_block(network):
    image = torch.rand(2, 3, 64, 48) * 2 - 1
    with torch.no_grad():
        blocks, features = network.blocks(image), network(image)
    assert {name: tuple(value.shape) for name, value in blocks.items()} == {
        "64": (2, 64),
        "192": (2, 192),
        "768": (2, 768),
        "2048": (2, 2048),
        "logits_unbiased": (2, 1008),
    }
    assert torch.equal(features, blocks["2048"])
    assert torch.allclose(
        blocks["logits_unbiased"], torch.nn.functional.linear(features, network.fc.weight), atol=1e-5
    )


def test_gray_images_are_repeated_three_times(network):
    gray = Inception2015(weights="none", image=(1, 20, 20))
    image = torch.rand(2, 1, 20, 20) * 2 - 1
    gray.load_state_dict(network.state_dict())
    with torch.no_grad():
        assert torch.allclose(gray(image), network(image.expand(-1, 3, -1, -1)), atol=1e-5)


def test_other_channels_are_refused():
    text = (
        r"inception-2015 reads 1 or 3 channels; images have 4: give channels=3, or take the extractor pixels"
    )
    with pytest.raises(FitError, match=text):
        Inception2015(weights="none", image=(4, 16, 16))


def test_the_resize_reads_at_corners():
    ramp = torch.arange(4.0).reshape(1, 1, 1, 4)
    assert torch.allclose(corner_bilinear(ramp, 1, 8)[0, 0, 0], torch.tensor([0, 0.5, 1, 1.5, 2, 2.5, 3, 3]))
    assert torch.allclose(corner_bilinear(ramp, 1, 2)[0, 0, 0], torch.tensor([0.0, 2.0]))
    assert torch.allclose(
        corner_bilinear(ramp.mT, 6, 1)[0, 0, :, 0], torch.tensor([0, 2 / 3, 4 / 3, 2, 8 / 3, 3])
    )
    image = torch.rand(2, 3, 299, 299)
    assert torch.equal(corner_bilinear(image, 299, 299), image)


def test_it_stays_in_eval_mode(network):
    assert not network.train().training and not any(module.training for module in network.modules())


# titles and weights


@pytest.fixture
def unpatient(monkeypatch):
    monkeypatch.setattr(inception_weights, "PATIENCE_SECONDS", 2)


@pytest.fixture(scope="module")
def state(network):
    return {name: value.contiguous() for name, value in network.state_dict().items()}


@pytest.fixture(scope="module")
def file(state, tmp_path_factory):
    """A file like the published one, with other weights."""
    path = tmp_path_factory.mktemp("weights") / "weights.pth"
    torch.save(
        {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}, path
    )
    return path


def test_random_weights_have_a_title_of_their_own(network):
    assert network.title == "inception-2015-unweighted"


def test_published_weights_alone_have_the_published_title(file, monkeypatch, state):
    monkeypatch.setattr(inception_weights, "SHA256", sha256(file))
    extractor = Inception2015(weights=str(file), image=(3, 16, 16))
    assert extractor.title == "inception-2015"
    assert all(torch.equal(value, state[name]) for name, value in extractor.state_dict().items())


def test_safetensors_are_marked_by_their_hash(state, tmp_path):
    path = tmp_path / "own.safetensors"
    save_file(state, path)
    assert Inception2015(weights=str(path), image=(3, 16, 16)).title == f"inception-2015-{sha256(path)[:8]}"


def test_a_file_that_is_not_there(tmp_path):
    text = (
        r"none\.pth do not exist; download https://github.com/toshas/torch-fidelity.* and put it into "
        r"\$GANCORE_CACHE/weights"
    )
    with pytest.raises(MeasureError, match=text):
        Inception2015(weights=str(tmp_path / "none.pth"), image=(3, 16, 16))


def test_weights_with_another_hash_are_refused_unread(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    text = (
        rf"has the SHA-256 {sha256(path)}; the published weights have 6726825d0af5.*; remove it, and download"
    )
    with pytest.raises(MeasureError, match=text):
        Inception2015(weights=str(path), image=(3, 16, 16))


def test_damaged_files_are_one_clear_error(tmp_path, monkeypatch, file):
    for name, content in (
        ("a.pth", file.read_bytes()[:5000]),
        ("b.pth", b"no"),
        ("c.safetensors", b"no"),
        ("d.pth", b""),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        monkeypatch.setattr(inception_weights, "SHA256", sha256(path))
        with pytest.raises(MeasureError, match=rf"{name} cannot be read as weights \(.*\); download"):
            Inception2015(weights=str(path), image=(3, 16, 16))


def test_a_pickle_that_runs_code_is_not_run(tmp_path, monkeypatch):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    path = tmp_path / "evil.pth"
    torch.save({"fc.weight": Evil()}, path)
    monkeypatch.setattr(inception_weights, "SHA256", sha256(path))
    with pytest.raises(MeasureError, match=r"evil\.pth cannot be read as weights"):
        Inception2015(weights=str(path), image=(3, 16, 16))
    assert not (tmp_path / "ran").exists()


def test_weights_of_another_network(tmp_path, state):
    for change in ({"Mixed_6c.branch_pool.conv.weight": None}, {"fc.weight": torch.zeros(1000, 2048)}):
        path, (name, value) = tmp_path / "other.safetensors", next(iter(change.items()))
        save_file({k: v for k, v in {**state, name: value}.items() if v is not None}, path)
        with pytest.raises(
            MeasureError,
            match=rf"does not hold weights of the Inception network of 2015: "
            rf"{name} is missing or of another shape",
        ):
            Inception2015(weights=str(path), image=(3, 16, 16))


class Server:
    """Serves one answer on the loopback, and counts how often it was asked."""

    def __init__(self, content, *, length=None, status=200):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked += 1
                self.send_response(status)
                self.send_header("Content-Length", str(length or len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.asked, self.http = 0, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/weights.pth"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANCORE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "weights"


def test_weights_are_downloaded_once(file, cache, monkeypatch):
    monkeypatch.setattr(inception_weights, "SHA256", sha256(file))
    with Server(file.read_bytes()) as server:
        monkeypatch.setattr(inception_weights, "URL", server.url)
        for _ in range(2):
            assert Inception2015(image=(1, 16, 16)).title == "inception-2015"
        assert server.asked == 1
    assert [kept.name for kept in cache.iterdir()] == ["weights-inception-2015-12-05-6726825d.pth"]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (
            {"content": b"x" * 100},
            r"gave a file with the SHA-256 \w{64}; the published weights have 6726825d\w+; try again later",
        ),
        ({"content": b"x" * 100, "length": 5000}, r"gave a file with the SHA-256|cannot be downloaded"),
        (
            {"content": b"gone", "status": 404},
            r"the weights of inception-2015 cannot be downloaded to .* \(HTTP Error 404.*\); download http",
        ),
    ],
    ids=["another file", "half a file", "no file"],
)
def test_a_bad_download_leaves_nothing(answer, text, cache, monkeypatch, unpatient):
    with Server(**answer) as server:
        monkeypatch.setattr(inception_weights, "URL", server.url)
        with pytest.raises(MeasureError, match=text):
            Inception2015(image=(3, 16, 16))
    assert list(cache.iterdir()) == []


def test_no_network(cache, monkeypatch, unpatient):
    with Server(b"") as server:
        pass
    monkeypatch.setattr(inception_weights, "URL", server.url)
    with pytest.raises(
        MeasureError,
        match=r"cannot be downloaded to .*weights-inception-2015-12-05-6726825d\.pth \(.*refused.*\); "
        r"download",
    ):
        Inception2015(image=(3, 16, 16))
    assert list(cache.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, unpatient):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GANCORE_CACHE", str(tmp_path / "file"))
    with pytest.raises(MeasureError, match=r"the weights of inception-2015 cannot be downloaded to"):
        Inception2015(image=(3, 16, 16))
