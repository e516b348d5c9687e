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
    "cp850": _WESTERN,
}
_OTHER = {
    "cp1251": _CYRILLIC + "іїєґў",
    "koi8_r": _CYRILLIC,
    "cp1253": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ",
    "cp1255": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "cp1256": "ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئةى",
}
# Small letters by code page; on a tie the earlier one wins.
CODE_PAGES = frozenset({*_LATIN, *_OTHER})

# Western letters stand among plain ones, those of other scripts among their own kind: that tells the two lists apart.
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_ASCII, _HIGH = bytes(range(128)), bytes(range(128, 256))
_SIGNS = "€’‘“”„–—…«»°§®©™·¿¡№\u00a0"

_LETTER = rb"[A-Za-z\x80-\xff]"
_TYPOGRAPHY = re.compile(
    rb"(?<=[A-Za-z])\x92(?=[A-Z]|(?:s|t|m|d|re|ll|ve)\b)"  # O’Brien, it’s
    rb"|(?<!%(letter)s)[\x82\x84\x8b\x91\x93](?=%(letter)s)"  # opens before a word
    rb"|\x84(?=[^\x84\x93\n]*\x93)|(?<=%(letter)s)\x93(?!%(letter)s)"  # the German pair
    rb"|(?<=[\w.,!?%%\x80-\xff])[\x92\x94\x99\x9b](?!%(letter)s)"  # closes after one
    rb"|(?<=[\s\d])[\x96\x97](?=[\s\d])"  # dashes stand between spaces or figures
    rb"|\x80(?=\s?\d)|(?<=\d)\x80|(?<=\d\s)\x80"  # an amount in euros
    rb"|(?<=[\w.,!?\s])\x85(?!%(letter)s)|(?<!%(letter)s)\x95(?=\s)" % {b"letter": _LETTER}
)
"""Quotes, dashes and the euro where they belong. All code pages of Windows have them in the same places, in which the
others have letters; often they are all that is odd in a table."""
FEW = 10
"""Odd bytes below which a statistical detector is not worth asking."""


def code_page(sample: bytes) -> str:
    """The Python codec that fits the sample, which is no UTF-8 and no UTF-16; Windows-1252 where nothing fits."""
    words = [word for word in _WORD.findall(_TYPOGRAPHY.sub(b"'", sample)) if not word.isascii()]
    high = b"".join(words).translate(None, delete=_ASCII)
    dense = len(high) * 5 >= sum(map(len, words)) * 2  # of two bytes a character, the first is odd at least
    if words and dense and (wide := _wide(sample)):
        return wide
    mixed = sum(len(word.translate(None, delete=_ASCII)) for word in words if word.translate(None, delete=_HIGH))
    pages = _LATIN if mixed * 2 >= len(high) else _OTHER
    scores = {codec: _score(high, letters, codec) for codec, letters in pages.items()}
    if "cp850" in scores:
        scores["cp850"] -= len(high)  # few write it today, and capitals of others are small letters there
    best = max(scores, key=lambda codec: scores[codec])
    if scores[best] > len(high) or len(high) < FEW:
        return best if scores[best] > 0 else "cp1252"
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
