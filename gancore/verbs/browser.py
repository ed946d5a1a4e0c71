"""Opens pages in the browser of the user."""

import os
import sys
import threading


def open_page(url: str) -> None:
    """Opens a page without waiting for it, where there is a screen: without one, a text browser would take
    over the terminal.
    """
    if _has_screen():
        threading.Thread(target=_open, args=(url,), daemon=True).start()


def _has_screen() -> bool:
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _open(url: str) -> None:
    import webbrowser

    webbrowser.open(url)
