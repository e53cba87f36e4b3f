"""Makes `.keras` files readable by Keras 3.12, the last version for Python 3.10."""

from __future__ import annotations

import zipfile
from pathlib import Path

CONFIG = "config.json"
# Settings of initialisers and layers that newer versions write and older ones reject, with their default values.
NEWER = (
    b', "input_axes": null, "output_axes": null',
    b', "renorm": false, "renorm_clipping": null, "renorm_momentum": 0.99',
    b', "quantization_config": null',
)


def make_portable(path: Path) -> None:
    """Remove settings that older versions of Keras reject from a `.keras` file, where they have their default value."""
    with zipfile.ZipFile(path) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for info, content in members:
            archive.writestr(info, _portable(content) if info.filename == CONFIG else content)


def _portable(config: bytes) -> bytes:
    for setting in NEWER:
        config = config.replace(setting, b"")
    return config
