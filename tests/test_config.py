"""Settings are validated, and read from IPython's configuration files."""

import pytest
from traitlets import TraitError
from traitlets.config import Config, Configurable

from ipar_results.attach import enable as layer
from ipar_results.config import IPythonParallelResults, load_settings


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("rate", 0, "0.1 to 5"),
        ("rate", 5.1, "0.1 to 5"),
        ("rate", float("nan"), "0.1 to 5"),
        ("html_rate", -1, "0.1 to 5"),
        ("messages", 0.5, "1 to 100"),
        ("contact_timeout", 0, "1 to 3600"),
        ("tasks", 51, "0 to 50"),
        ("engines", 257, "0 to 256"),
        ("failures", 0, "1 to 100"),
        ("outputs", 21, "0 to 20"),
    ],
)
def test_a_number_out_of_range_is_refused_and_the_range_named(name, value, allowed):
    config = IPythonParallelResults()
    before = getattr(config, name)
    with pytest.raises(
        TraitError, match=rf"IPythonParallelResults\.{name} = .*expected a number from {allowed}"
    ):
        setattr(config, name, value)
    assert getattr(config, name) == before


def test_an_unknown_view_is_refused_and_the_known_ones_named():
    with pytest.raises(TraitError, match=r"'auto', 'widget', 'html', 'text'"):
        IPythonParallelResults().view = "canvas"


@pytest.mark.parametrize("name", ["rate", "html_rate", "messages", "contact_timeout", "tasks"])
def test_a_value_that_is_not_a_number_is_refused(name):
    with pytest.raises(TraitError, match=name):
        setattr(IPythonParallelResults(), name, "fast")


@pytest.mark.parametrize("name", sorted(IPythonParallelResults.class_own_traits(config=True)))
def test_every_setting_has_a_help_text_and_a_valid_default(name):
    config = IPythonParallelResults()
    setattr(config, name, getattr(config, name))
    assert config.trait_metadata(name, "help")


def test_settings_come_from_a_configuration_file():
    config = Config()
    config.IPythonParallelResults.rate = 1.5
    config.IPythonParallelResults.view = "html"
    settings = IPythonParallelResults(parent=Configurable(config=config))
    assert (settings.rate, settings.view) == (1.5, "html")


def test_a_bad_value_in_a_configuration_file_is_refused_when_it_is_read():
    config = Config()
    config.IPythonParallelResults.rate = 50
    with pytest.raises(TraitError, match=r"from 0\.1 to 5"):
        IPythonParallelResults(parent=Configurable(config=config))


def test_a_bad_value_in_a_configuration_file_costs_only_itself():
    config = Config()
    config.IPythonParallelResults.update({"rate": 1.5, "view": "htm", "tasks": 10})
    with pytest.warns(UserWarning, match="'htm'; the default is used") as warned:
        settings = load_settings(Configurable(config=config))
    assert (settings.rate, settings.view, settings.tasks) == (1.5, "auto", 10)
    assert len(warned) == 1


def test_a_refused_magic_leaves_the_next_load_alone(shell, capsys, recwarn):
    try:
        shell.run_line_magic("load_ext", "ipar_results")
        shell.run_line_magic("config", "IPythonParallelResults.rate = 1.5")
        shell.run_line_magic("config", "IPythonParallelResults.view = 'html'")
        shell.run_line_magic("config", "IPythonParallelResults.view = 'htm'")
        shell.run_line_magic("reload_ext", "ipar_results")
        settings = layer.current().config
        assert (settings.rate, settings.view) == (1.5, "html")
        assert not recwarn
    finally:
        shell.run_line_magic("unload_ext", "ipar_results")
