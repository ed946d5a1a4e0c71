"""Text that people wrote with whatever editor and shell they have."""

import codecs


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8, with or without the byte order mark of editors on Windows, or UTF-16,
    which PowerShell writes where output is sent to a file.

    Raises:
        UnicodeDecodeError: it is neither.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")
