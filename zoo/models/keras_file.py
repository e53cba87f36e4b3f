"""Makes Keras files readable by Keras 3.12, the last version for Python 3.10."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

CONFIG = "config.json"
# Settings of initialisers and layers that newer versions write and older ones reject, with their default values.
NEWER = {
    "input_axes": None,
    "output_axes": None,
    "renorm": False,
    "renorm_clipping": None,
    "renorm_momentum": 0.99,
    "quantization_config": None,
}


def portable(data: bytes) -> bytes:
    """A ``.keras`` file without settings that older versions of Keras reject, where they have their default value."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w") as made:
        for info in archive.infolist():
            content = archive.read(info)
            if info.filename == CONFIG:
                content = json.dumps(_without(json.loads(content))).encode()
            made.writestr(info, content)
    return out.getvalue()


def portable_json(config: str) -> str:
    """The same for the JSON of a model's architecture (`keras.Model.to_json`)."""
    return json.dumps(_without(json.loads(config)), indent=1)


def _without(config: Any) -> Any:
    if isinstance(config, list):
        return [_without(one) for one in config]
    if not isinstance(config, dict):
        return config
    return {key: _without(value) for key, value in config.items() if key not in NEWER or value != NEWER[key]}
