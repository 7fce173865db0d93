"""Write the worker protocol's schemas anew: ``python -m tests.protocol_schemas``."""

import json
from pathlib import Path

from refcheck.protocol import schemas

FOLDER = Path(__file__).parents[1] / "docs" / "protocol"


def renewed() -> dict[str, str]:
    """Return the text of each schema, by the name of its file."""
    return {
        name: json.dumps(schema, indent=1) + "\n" for name, schema in schemas().items()
    }


if __name__ == "__main__":
    for name, text in renewed().items():
        (FOLDER / name).write_text(text, "utf-8")
