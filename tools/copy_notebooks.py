"""Working copies of the notebooks, which keep what the user changes in them."""

import shutil


def copy_notebooks(notebooks, copies, copied):
    """Copy each notebook that is new or was updated; rename an edited copy instead of replacing it.

    Parameters
    ----------
    notebooks, copies : pathlib.Path
        The folder of the notebooks, and that of the working copies.
    copied : pathlib.Path
        Folder in which each notebook is kept as it was when it was copied.

    Returns
    -------
    dict of str to str
        The new name of each edited copy that was renamed, by its old name.
    """
    renamed = {}
    for folder in (copies, copied):
        folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(notebooks.glob("*.ipynb")):
        copy, original = copies / source.name, copied / source.name
        content = source.read_bytes()
        known = original.read_bytes() if original.exists() else None
        if copy.exists() and content == known:
            continue
        if copy.exists() and copy.read_bytes() != known:
            renamed[copy.name] = copy.rename(free_name(copy)).name
        shutil.copyfile(source, copy)
        original.write_bytes(content)
    return renamed


def free_name(path):
    """Return the first of NAME-mine-1, NAME-mine-2, ... that does not exist."""
    number = 1
    while (free := path.with_stem(f"{path.stem}-mine-{number}")).exists():
        number += 1
    return free
