"""Which legacy code page a text is in, judged by the letters that its users write.

Statistical detectors want prose. A table of names has one odd letter a line, and there they take Polish for French and
Russian for Chinese; so the letters decide here, and charset-normalizer is asked where they do not.
"""

from __future__ import annotations

import re
from itertools import pairwise

from charset_normalizer import from_bytes

_WESTERN = "àáâãäåæçèéêëìíîïñòóôõöøùúûüßœ"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"

_LATIN = {
    "cp1252": _WESTERN,
    "cp1254": "çğıöşüâîû",
    "cp1250": "ąćčďěęĺłńňőřśšťůűźžżáéíóúýäöüßăâîşţđëçôŕľ",
    "mac_roman": _WESTERN,
}
_OTHER = {
    "cp1251": _CYRILLIC + "іїєґў",
    "koi8_r": _CYRILLIC,
    "cp1253": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ",
    "cp1255": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "cp1256": "ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئةى",
}
# Small letters by code page; on a tie the earlier one wins.

# Western letters stand among plain ones, those of other scripts among their own kind: that tells the two lists apart.
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_ASCII, _HIGH = bytes(range(128)), bytes(range(128, 256))
_SIGNS = "€’‘“”„–—…«»°§®©™·¿¡№\u00a0"


def code_page(sample: bytes) -> str:
    """The Python codec that fits the sample, which is no UTF-8 and no UTF-16; Windows-1252 where nothing fits."""
    wide = _wide(sample)
    if wide:
        return wide
    words = [word for word in _WORD.findall(sample) if not word.isascii()]
    high = b"".join(words).translate(None, delete=_ASCII)
    mixed = sum(len(word.translate(None, delete=_ASCII)) for word in words if word.translate(None, delete=_HIGH))
    pages = _LATIN if mixed * 2 >= len(high) else _OTHER
    scores = {codec: _score(high, letters, codec) for codec, letters in pages.items()}
    best = max(scores, key=lambda codec: scores[codec])
    if scores[best] > len(high):
        return best
    guess = from_bytes(sample).best()
    return guess.encoding if guess is not None else "cp1252"


def _score(high: bytes, letters: str, codec: str) -> int:
    """Three for a small letter, two for a capital (KOI8 read as Windows-1251 swaps them), below zero for the rest."""
    return sum(
        3 if char in letters else 2 if char.lower() in letters else 1 if char in _SIGNS else -3
        for char in high.decode(codec, "replace")
    )


def _wide(sample: bytes) -> str:
    """The East Asian encoding in which most characters are common ones.

    Rare characters are what any other text decodes to. The ranges are the first levels of JIS X 0208 and GB 2312, the
    frequently used part of Big5 and the syllables of KS X 1001.
    """
    for codec in ("euc_jp", "gb18030", "euc_kr", "cp932", "big5"):
        try:
            text = sample.decode(codec)
        except UnicodeDecodeError as error:
            if error.start < len(sample) - 4:  # a character may be cut at the end of the sample
                continue
            text = sample[: error.start].decode(codec)
        odd = [char for char in text if ord(char) > 127]
        if odd and sum(_common(char, codec) for char in odd) >= 0.9 * len(odd) and _kana_fits(odd, codec):
            return codec
    return ""


def _common(char: str, codec: str) -> bool:
    if "\u3000" <= char <= "\u30ff" or "\uff00" <= char <= "\uff60":
        return True
    raw = char.encode(codec)
    lead = raw[0]
    if codec == "euc_kr":
        return "\uac00" <= char <= "\ud7a3"
    if codec == "gb18030":
        return len(raw) == 2 and 0xB0 <= lead <= 0xD7 and raw[1] >= 0xA1
    if codec == "euc_jp":
        return len(raw) == 2 and 0xB0 <= lead <= 0xCF
    if codec == "cp932":
        return len(raw) == 2 and 0x88 <= lead <= 0x97
    return 0xA4 <= lead <= 0xC6


def _kana_fits(odd: list[str], codec: str) -> bool:
    """EUC-JP and GB 2312 share their bytes: kana beside kana makes a text Japanese, their absence does not."""
    kana = ["\u3041" <= char <= "\u30ff" for char in odd]
    japanese = any(first and second for first, second in pairwise(kana))
    return japanese if codec == "euc_jp" else not japanese if codec in ("gb18030", "euc_kr") else True
