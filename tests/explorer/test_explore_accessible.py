"""axe-core finds nothing in the explorer."""

import pytest
from accessible import axe_findings
from translators import Negative, between_images

from gancore.explorer.translator import Translators


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing(browser, server, scheme, width):
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_function("() => document.getElementById('image').dataset.view")
    found = axe_findings(page)
    context.close()
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_before_and_after(browser, serving_of, tmp_path, scheme):
    made = {name: between_images(Negative(image=(3, 8, 8))) for name in ("there", "back")}
    with serving_of(Translators(made, tmp_path, {})) as server:
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(server.url)
        page.wait_for_selector("#direction button")
        found = axe_findings(page)
        context.close()
    assert found == []
