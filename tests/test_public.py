import importlib
import subprocess
import sys

import gancore


def test_every_public_name_has_a_home():
    assert (
        set(gancore.__all__) == set(dir(gancore)) == {n for names in gancore._HOMES.values() for n in names}
    )
    for room, names in gancore._HOMES.items():
        for name in names:
            assert getattr(gancore, name) is getattr(importlib.import_module(f"gancore.{room}"), name)


def test_no_public_name_hides_a_module():
    for name in gancore.__all__:
        assert importlib.util.find_spec(f"gancore.{name}") is None, name


def test_importing_gancore_imports_no_torch():
    text = (
        "import sys, gancore, gancore.cli; print([m for m in ('torch', 'numpy', "
        "'gancore_dcgan') if m in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )
