# Sourced by each finding: makes a temporary folder with an environment of pinned public packages.
# Usage: install PACKAGE==VERSION ...   then   check 'expected output' <<'PYTHON' ... PYTHON
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export IPYTHONDIR="$folder/ipython" JUPYTER_RUNTIME_DIR="$folder/runtime" JUPYTER_DATA_DIR="$folder/data"
cd "$folder"

install() {
    python3 -m venv env
    env/bin/pip install --quiet --disable-pip-version-check "$@" 2> pip.txt || { cat pip.txt; exit 1; }
    env/bin/pip list --format freeze --disable-pip-version-check 2> pip.txt | grep -iE "^($(printf '%s\n' "${@%%=*}" | paste -sd'|'))="
}

# Run the program on standard input, print its output, and fail if that is not what was seen.
check() {
    cat > program.py
    env/bin/python program.py > seen.txt 2> errors.txt || { cat seen.txt errors.txt; exit 1; }
    cat seen.txt
    if [[ "$(cat seen.txt)" != "$1" ]]; then
        printf 'The behaviour has changed. Seen until now:\n%s\n' "$1"
        cat errors.txt
        exit 1
    fi
}
