"""axe-core finds nothing in the explorer."""

import pytest
from accessible import axe_findings


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
