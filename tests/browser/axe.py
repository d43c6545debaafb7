"""What axe-core finds in a part of a page, in JupyterLab's own themes."""

from pathlib import Path

AXE = Path(__file__).parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
THEMES = ("JupyterLab Light", "JupyterLab Dark")
UNSURE = {  # what axe leaves to people
    "shortTextContent",  # a glyph's contrast; each has its word beside it
    "nonBmp",
    "label-content-name-mismatch",  # a button that shows + and is named Zoom in
    "elmPartiallyObscured",  # a row at the edge of what scrolls
}


def dress(page, theme):
    """Change the theme, and wait until the page wears it."""
    page.evaluate(f"window.jupyterapp.commands.execute('apputils:change-theme', {{ theme: '{theme}' }})")
    light = str(theme.endswith("Light")).lower()
    page.wait_for_function(
        f"document.body.dataset.jpThemeLight === '{light}' && "
        f"getComputedStyle(document.body).getPropertyValue('--jp-layout-color0') !== '' && "
        "document.getElementById('jupyterlab-splash') === null"  # it lies over the page meanwhile
    )


def nothing_wrong(page, selector):
    """Assert that axe finds no violation, contrast included, and is unsure of nothing but `UNSURE`."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.add_script_tag(path=AXE)
        # JupyterLab's body has no height, and axe takes what is in it for hidden
        page.add_style_tag(content="html, body { height: 100vh }")
    found = page.evaluate("selector => axe.run(selector)", selector)
    wrong = [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found["violations"]]
    assert not wrong, wrong[:5]
    unsure = [
        (check["data"]["messageKey"] if check["data"] else rule["id"], node["html"])
        for rule in found["incomplete"]
        for node in rule["nodes"]
        for check in node["any"]
    ]
    assert not (left := [each for each in unsure if each[0] not in UNSURE]), left[:5]
    assert "color-contrast" in [rule["id"] for rule in found["passes"]]
