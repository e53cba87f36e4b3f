"""`.keras` files that Keras 3.12 reads as well: the last version for Python 3.10."""

from __future__ import annotations

import zipfile
from pathlib import Path

CONFIG = "config.json"
# Settings of initialisers and layers that newer versions write and older ones refuse, with their defaults.
NEWER = (
    b', "input_axes": null, "output_axes": null',
    b', "renorm": false, "renorm_clipping": null, "renorm_momentum": 0.99',
    b', "quantization_config": null',
)


def make_portable(path: Path) -> None:
    """Take out of a `.keras` file the settings that older versions of Keras refuse, where they are the default."""
    with zipfile.ZipFile(path) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for info, content in members:
            archive.writestr(info, _portable(content) if info.filename == CONFIG else content)


def _portable(config: bytes) -> bytes:
    for setting in NEWER:
        config = config.replace(setting, b"")
    return config
