#!/bin/sh
# Creates .venv with $PYTHON; if its venv module is missing or incomplete, with virtualenv, which pip fetches.
set -u

if [ -z "$PYTHON" ]; then
    echo "No Python 3.10 or newer was found. Install one, or pass its path: make PYTHON=/path/to/python" >&2
    exit 1
fi

echo "Creating .venv with $PYTHON (5 s)"
"$PYTHON" -m venv .venv >/dev/null 2>&1 && exit 0
rm -rf .venv
echo "$PYTHON has no working venv module; trying virtualenv." >&2

"$PYTHON" -m pip install --quiet --target build/virtualenv virtualenv &&
    PYTHONPATH=build/virtualenv VIRTUALENV_OVERRIDE_APP_DATA=build/state/virtualenv \
        "$PYTHON" -m virtualenv --quiet .venv && exit 0
rm -rf .venv
echo "No virtual environment could be made. Install Python's venv module (on Debian and Ubuntu:" >&2
echo "apt install python3-venv) or another Python, then run make again." >&2
exit 1
