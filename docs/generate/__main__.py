"""`python -m docs.generate`: write every generated page, and name those that changed."""

from __future__ import annotations

from docs.generate.pages import pages
from docs.generate.source import HOUSE


def main() -> None:
    """Write what differs from the file."""
    for path, text in pages().items():
        file = HOUSE / path
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(f"written  {path}")


if __name__ == "__main__":
    main()
