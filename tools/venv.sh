#!/bin/sh
# Makes .venv with $PYTHON; where the venv module is missing or cut down, with virtualenv through pip.
set -u

if [ -z "$PYTHON" ]; then
    echo "No Python 3.10 or newer was found. Install one, or name it: make PYTHON=/path/to/python" >&2
    exit 1
fi

"$PYTHON" -m venv .venv >/dev/null 2>&1 && exit 0
rm -rf .venv
echo "$PYTHON has no working venv module; trying virtualenv." >&2

"$PYTHON" -m pip install --quiet --target build/virtualenv virtualenv &&
    PYTHONPATH=build/virtualenv "$PYTHON" -m virtualenv --quiet .venv && exit 0
rm -rf .venv
echo "No virtual environment could be made. Install Python's venv module (on Debian and Ubuntu:" >&2
echo "apt install python3-venv) or another Python, then run make again." >&2
exit 1
