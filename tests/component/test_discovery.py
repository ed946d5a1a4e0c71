import sys
import types
from importlib.metadata import EntryPoint

import pytest
from torch.overrides import _get_current_function_mode_stack

from gancore.component.discovery import Host
from gancore.component.hooks import hookimpl
from gancore.component.part import Part, interface, part
from gancore.component.surroundings import STATE, _same
from gancore.errors import AmbiguousPart, BrokenPlugin, DataError, GancoreError, SpecError, UnknownPart


@interface("thing")
class Thing(Part):
    """A kind for these tests."""


@part("good")
class Good(Thing):
    """A part."""


@part("good")
class Twin(Thing):
    """Another part of the same name."""


class Distribution:
    def __init__(self, name):
        self.name, self.version, self.metadata = name, "1.0", {"Name": name}


def entry(distribution, module):
    found = EntryPoint(name=distribution.removeprefix("gancore-"), value=module, group="gancore")
    object.__setattr__(found, "dist", Distribution(distribution)) if hasattr(type(found), "dist") else None
    vars(found)["dist"] = Distribution(distribution)
    return found


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Writes a module and returns its entry point."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(distribution, text):
        name = distribution.replace("-", "_")
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return entry(distribution, name)

    return make


def offering(*classes, api=1):
    module = types.ModuleType("offering")
    module.gancore_api = api

    @hookimpl
    def gancore_parts():
        return list(classes)

    module.gancore_parts = gancore_parts
    return module


PART = """
from gancore.component.hooks import hookimpl
from gancore.component.interfaces import Loss
from gancore.component.part import part
gancore_api = {api}

@part("{name}")
class Made(Loss):
    "A loss."
    def discriminator(self, real, fake): return (fake - real).mean()
    def generator(self, fake, real=None): return -fake.mean()

@hookimpl
def gancore_parts():
    return [Made]
"""
BROKEN = {
    "gancore-raises": ("raise ValueError('no luck')", "ValueError: no luck"),
    "gancore-exits": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "gancore-syntax": ("def (", "SyntaxError"),
    "gancore-misses": ("import not_installed_anywhere", "No module named 'not_installed_anywhere'"),
    "gancore-silent": ("x = 1", "it declares no gancore_api; this gancore accepts 1"),
    "gancore-future": (
        PART.format(api=99, name="later"),
        "was written for gancore_api 99; this gancore accepts 1",
    ),
    "gancore-junk": (
        "from gancore.component.hooks import hookimpl\ngancore_api = 1\n@hookimpl\ndef gancore_parts():\n    "
        "return [3]",
        "offers 3, which is not a part",
    ),
    "gancore-late": (
        "from gancore.component.hooks import hookimpl\ngancore_api = 1\n@hookimpl\ndef gancore_parts():\n    "
        "raise KeyError('x')",
        "KeyError",
    ),
    "gancore-signature": (
        "from gancore.component.hooks import hookimpl\ngancore_api = 1\n@hookimpl\ndef "
        "gancore_parts(wrong):\n    return []",
        "PluginValidationError",
    ),
}


def test_a_broken_plugin_is_recorded_and_disables_nobody(plugin):
    host = Host()
    entries = [plugin(name, text) for name, (text, _) in BROKEN.items()]
    host.load([*entries, plugin("gancore-fine", PART.format(api=1, name="fine"))])
    causes = {failure.distribution: failure.cause for failure in host.registry.failures}
    assert set(causes) == set(BROKEN)
    for name, (_, expected) in BROKEN.items():
        assert expected in causes[name], name
    assert host.registry.find("loss", "fine").name == "fine"
    assert host.versions == {"gancore-fine": "1.0"}
    assert [name for name, _ in host.manager.list_name_plugin()] == ["gancore-fine:fine"]


def test_asking_for_a_part_of_a_broken_plugin_gives_its_cause(plugin):
    host = Host()
    host.load([plugin("gancore-raises", BROKEN["gancore-raises"][0])])
    for name in ("raises", "gancore-raises:anything"):
        with pytest.raises(
            BrokenPlugin, match="the plugin gancore-raises could not be loaded: ValueError: no luck"
        ):
            host.registry.find("loss", name)
    with pytest.raises(UnknownPart, match=r"Not loaded: gancore-raises \(`gancore plugins` says why\)"):
        host.registry.find("loss", "other")


@pytest.mark.parametrize("name", ["esrgan", "esrnet", "real-esrnet-small"])
def test_a_recipe_or_small_preset_of_a_broken_family_gives_its_cause(plugin, name):
    host = Host()
    host.load([plugin("gancore-esrgan", BROKEN["gancore-raises"][0])])
    with pytest.raises(
        BrokenPlugin, match="the plugin gancore-esrgan could not be loaded: ValueError: no luck"
    ):
        host.registry.find("recipe", name)


def test_ctrl_c_while_loading_is_not_swallowed(plugin):
    with pytest.raises(KeyboardInterrupt):
        Host().load([plugin("gancore-interrupted", "raise KeyboardInterrupt")])


def test_a_taken_name_is_an_error_only_when_used(plugin):
    host = Host()
    entries = [plugin(f"gancore-{n}", PART.format(api=1, name="same")) for n in ("one", "two")]
    host.load(entries)
    with pytest.raises(
        AmbiguousPart, match="loss 'same' is offered by 2 plugins; write gancore-one:same or gancore-two:same"
    ):
        host.registry.find("loss", "same")
    one, two = (host.registry.find("loss", f"gancore-{n}:same") for n in ("one", "two"))
    assert one is not two
    assert host.registry.name_of(two) == "gancore-two:same"


def test_the_order_of_installation_does_not_matter(plugin):
    entries = [plugin(f"gancore-{n}", PART.format(api=1, name=n)) for n in "abc"]
    names = []
    for order in (entries, entries[::-1], entries[1:] + entries[:1]):
        host = Host()
        host.load(order)
        names.append([o.qualified_name for o in host.registry.registrations()])
    assert names[0] == names[1] == names[2] == ["gancore-a:a", "gancore-b:b", "gancore-c:c"]


def test_a_plugin_enters_whole_or_not_at_all():
    host = Host()
    with pytest.raises(SpecError, match="gancore-x offers thing/good more than once"):
        host.register("gancore-x", "x", offering(Good, Twin))
    assert host.registry.registrations() == [] and not host.manager.list_name_plugin()


def test_an_abstract_part_is_refused():
    from gancore.component.interfaces import Loss

    @part("half")
    class Half(Loss):
        """Defines one of two methods."""

        def generator(self, fake, real=None):
            return fake.mean()

    with pytest.raises(SpecError, match="offers Half, which does not define discriminator"):
        Host().register("gancore-x", "x", offering(Half))


def test_unknown_names_list_the_nearest_and_the_known():
    host = Host()
    host.register("gancore-x", "x", offering(Good))
    with pytest.raises(UnknownPart, match=r"there is no thing 'goood'; did you mean 'good'\? known: good"):
        host.registry.find("thing", "goood")
    with pytest.raises(UnknownPart, match=r"there is no thing 'GOOD'; did you mean 'good'\? known: good"):
        host.registry.find("thing", "GOOD")
    with pytest.raises(UnknownPart, match="Is the plugin gancore-y installed"):
        host.registry.find("thing", "gancore-y:good")


EMPTY = "from gancore import hookimpl\ngancore_api = 1\n@hookimpl\ndef gancore_parts():\n    return []\n"
SPOILS = {
    "the search for anomalies": "import torch; torch.autograd.set_detect_anomaly(True)",
    "how cuDNN chooses": "import torch; torch.backends.cudnn.benchmark = True",
    "whether cut images are read": "from PIL import ImageFile; ImageFile.LOAD_TRUNCATED_IMAGES = True",
    "how numpy takes errors": "import numpy; numpy.seterr(all='raise')",
    "gradients": "import torch\ntorch.set_grad_enabled(False)",
    "the default dtype": "import torch\ntorch.set_default_dtype(torch.float64)",
    "torch's random numbers": "import torch\ntorch.manual_seed(7)",
    "numpy's random numbers": "import numpy\nnumpy.random.seed(7)",
    "Python's random numbers": "import random\nrandom.seed(7)",
    "the number of threads": "import torch\ntorch.set_num_threads(torch.get_num_threads() + 1)",
    "the default device": "import torch\ntorch.set_default_device('meta')",
    "deterministic algorithms": "import torch\ntorch.use_deterministic_algorithms(True)",
}


@pytest.mark.parametrize("what", SPOILS)
@pytest.mark.parametrize("end", ["", "\nraise ValueError('no luck')"])
def test_what_a_plugin_changes_at_import_is_put_back_and_named(plugin, what, end):
    before = {name: read() for name, (read, _) in STATE.items()}
    host = Host()
    host.load([plugin("gancore-spoils", f"{EMPTY}{SPOILS[what]}{end}")])
    assert all(_same(before[name], read()) for name, (read, _) in STATE.items())
    assert (
        not _get_current_function_mode_stack()
    )  # as a default device would be, which takes time in each call
    assert host.restored == {"gancore-spoils": [what]}
    assert [failure.cause for failure in host.registry.failures] == (["ValueError: no luck"] if end else [])


def test_an_error_whose_text_raises_is_a_cause(plugin):
    text = "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd"
    host = Host()
    host.load([plugin("gancore-odd", text), plugin("gancore-fine", EMPTY)])
    assert [failure.cause for failure in host.registry.failures] == ["Odd: its message cannot be read"]
    assert list(host.versions) == ["gancore-fine"]


def test_a_hook_that_is_not_marked_is_named(plugin):
    host = Host()
    host.load([plugin("gancore-bare", EMPTY.replace("@hookimpl\n", ""))])
    assert "its function gancore_parts is not marked as a hook" in host.registry.failures[0].cause


@pytest.mark.parametrize("error", ["ValueError('boom')", "SystemExit(3)", "DataError('ours')"])
def test_a_hook_that_fails_leaves_the_others(plugin, error):
    hook = f"{EMPTY}from gancore.errors import DataError\n@hookimpl\ndef gancore_data(source, options): "
    host = Host()
    host.load([plugin("gancore-a", f"{hook}raise {error}"), plugin("gancore-b", f"{hook}return 'opened'")])
    answers, failures = host.ask("gancore_data", source="x", options=None)
    assert answers == ["opened"]
    assert len(failures) == 1 and failures[0].startswith("the plugin gancore-a:a failed in gancore_data: ")


def test_an_error_of_ours_in_a_hook_may_go_through(plugin):
    raising = "@hookimpl\ndef gancore_data(source): raise DataError('x')"
    hook = f"{EMPTY}from gancore.errors import DataError\n{raising}"
    host = Host()
    host.load([plugin("gancore-a", hook)])
    with pytest.raises(DataError, match="x"):
        host.ask("gancore_data", through=(GancoreError,), source="x", options=None)
