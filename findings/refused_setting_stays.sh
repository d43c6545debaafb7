#!/usr/bin/env bash
# A setting that %config refuses
#
# Guess:   `%config Thing.rate = 99` for a trait with max=5 is refused, and nothing has changed.
# Happens: an error is logged and the trait keeps its value, but the refused one stays in the shell's configuration. The next Thing that is
#          made with the shell as its parent raises because of it, for the rest of the session.
# Why it matters to us: a typing error in %config made the next %load_ext drop the user's valid settings too.
source "$(dirname "$0")/common.sh"
install ipython==9.18.1 traitlets==5.16.1
check 'value: 1.0
in the configuration of the shell: 99
the next one: TraitError' <<'PYTHON'
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Float, TraitError
from traitlets.config import Configurable


class Thing(Configurable):
    rate = Float(1.0, max=5.0).tag(config=True)


shell = InteractiveShell.instance()
thing = Thing(parent=shell)
shell.configurables.append(thing)
shell.run_line_magic("config", "Thing.rate = 99")
print("value:", thing.rate)
print("in the configuration of the shell:", shell.config.get("Thing", {}).get("rate"))
try:
    print("the next one:", Thing(parent=shell).rate)
except TraitError as error:
    print("the next one:", type(error).__name__)
PYTHON
