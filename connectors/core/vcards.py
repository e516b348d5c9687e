"""vCards 2.1, 3.0 and 4.0 (RFC 2426, RFC 6350): read as they come, and written so that what was not touched stays.

A card is a sequence of properties. Each keeps the text it was read from, so that writing a card of which one property
was changed gives back every other octet by octet: unknown properties, groups, photos, the order, even the folding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from quopri import decodestring

BINARY = frozenset(("PHOTO", "LOGO", "SOUND", "KEY"))
"""Properties that hold bulk, inline or by address."""

LINE_OCTETS = 75
"""The longest line without its break (RFC 6350 section 3.2)."""

UNRANKED = 101
"""The preference of a property that states none; RFC 6350 ranks from 1 to 100."""

_ESCAPE = re.compile(r"\\([nN\\,;:])")
# A bare carriage return, and what some programs take for the end of a line although the format does not.
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# What XML cannot carry would make the whole answer of a server unreadable; lone surrogates cannot even be encoded.
_UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_PARAM_MARKS = re.compile(r'"[^"]*"|;')
_PART_MARKS = re.compile(r"\\.|;", re.DOTALL)
_ITEM_MARKS = re.compile(r"\\.|,", re.DOTALL)
_HEAD = re.compile(r'((?:[^":]|"[^"]*")*):')
_RANK = re.compile(r"\d{1,3}")


@dataclass(frozen=True)
class Line:
    """One property. ``name`` is upper case, ``params`` and ``value`` stand as they were written, escapes and all.

    ``source`` are the lines it was read from, '' where it was made or changed here. A line that is no property has no
    name: it is carried along and says nothing.
    """

    name: str
    value: str
    params: tuple[str, ...] = ()
    group: str = ""
    source: str = ""

    @cached_property
    def text(self) -> str:
        """The value as one text, without escapes."""
        return unescaped(self._decoded)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The components of a structured value (N, ORG, ADR); several values of one are joined by a blank."""
        components = _split(self._decoded, _PART_MARKS)
        return tuple(" ".join(unescaped(one) for one in _split(part, _ITEM_MARKS)).strip() for part in components)

    @cached_property
    def items(self) -> tuple[str, ...]:
        """The values of a list (CATEGORIES), without the empty ones."""
        return tuple(text for one in _split(self._decoded, _ITEM_MARKS) if (text := unescaped(one).strip()))

    @cached_property
    def types(self) -> frozenset[str]:
        """The words of TYPE in lower case, as parameter or, as in 2.1, bare."""
        return frozenset(word.casefold() for word in (*self.param("TYPE"), *self.param("")))

    @property
    def preference(self) -> int:
        """Its rank among those of its name, the lowest first: ``TYPE=pref`` is 0, ``PREF=n`` is n."""
        if "pref" in self.types:
            return 0
        rank = next(iter(self.param("PREF")), "")
        return int(rank) if _RANK.fullmatch(rank) else UNRANKED

    @property
    def is_bulk(self) -> bool:
        """Whether the value is bytes in base 64."""
        return bool({"B", "BASE64"} & {word.upper() for word in (*self.param("ENCODING"), *self.param(""))})

    def param(self, name: str) -> tuple[str, ...]:
        """The values of a parameter, without quotes; for '' those that stand without a name."""
        found: list[str] = []
        for each in self.params:
            key, equals, value = each.partition("=")
            if (key.strip().upper() if equals else "") == name:
                listed = (value if equals else key).replace('"', "").split(",")
                found += [word.strip() for word in listed if word.strip()]
        return tuple(found)

    def holding(self, value: str) -> Line:
        """The same property with another value, given as it is to be written (see ``escaped``)."""
        kept = tuple(p for p in self.params if p.partition("=")[0].strip().upper() not in ("ENCODING", "CHARSET"))
        kept = tuple(p for p in kept if p.strip().upper() != "QUOTED-PRINTABLE")
        return replace(self, value=value, params=kept, source="")

    def ranked(self, param: str) -> Line:
        """The same property with another statement of its preference, such as ``PREF=1``; with none for ''."""
        kept: list[str] = []
        for each in self.params:
            key, equals, value = each.partition("=")
            if key.strip().upper() == "TYPE" and equals:
                words = [word for word in value.replace('"', "").split(",") if word.strip().casefold() != "pref"]
                each = f"{key}={','.join(words)}" if "pref" in value.casefold() else each
                if not any(words):
                    continue
            if key.strip().upper() != "PREF":
                kept.append(each)
        return replace(self, params=(*kept, param) if param else tuple(kept), source="")

    @property
    def _decoded(self) -> str:
        words = {word.upper() for word in (*self.param("ENCODING"), *self.param(""))}
        if "QUOTED-PRINTABLE" not in words:
            return self.value
        octets = decodestring(self.value.encode("utf-8", "surrogateescape"))
        for charset in (next(iter(self.param("CHARSET")), "utf-8"), "utf-8"):
            try:
                return octets.decode(charset)
            except (LookupError, ValueError):  # Python knows charsets that decode nothing, or half a character
                continue
        return octets.decode("cp1252", "replace")


@dataclass(frozen=True)
class Card:
    """The properties of one card in their order, without BEGIN and END."""

    lines: tuple[Line, ...]

    @property
    def version(self) -> str:
        """``3.0`` where it says nothing else."""
        found = self.first("VERSION")
        return found.text.strip() if found else "3.0"

    def all(self, name: str) -> Sequence[Line]:
        """Every property of that name, the preferred one first."""
        return sorted((line for line in self.lines if line.name == name), key=lambda line: line.preference)

    def first(self, name: str) -> Line | None:
        """The preferred property of that name."""
        return next(iter(self.all(name)), None)

    def text(self, name: str) -> str:
        """The preferred property's text, '' where there is none."""
        found = self.first(name)
        return found.text.strip() if found else ""

    def replacing(self, old: Line, new: Line) -> Card:
        """The card with one property in another's place."""
        return Card(tuple(new if line is old else line for line in self.lines))

    def adding(self, *new: Line) -> Card:
        """The card with more properties at its end."""
        return Card((*self.lines, *new))

    def without(self, *gone: Line) -> Card:
        """The card without some properties, and without the labels of groups that had nothing else in them."""
        left = [line for line in self.lines if all(line is not one for one in gone)]
        told = {line.group.casefold() for line in left if not line.name.startswith("X-AB")}
        emptied = {line.group.casefold() for line in gone if line.group} - told
        return Card(tuple(line for line in left if line.group.casefold() not in emptied))

    def label(self, line: Line) -> str:
        """What a person called the property: the X-ABLabel of its group, without the marks around Apple's own words."""
        found = self._labels.get(line.group.casefold()) if line.group else None
        return found.text.strip().removeprefix("_$!<").removesuffix(">!$_") if found else ""

    @cached_property
    def _labels(self) -> Mapping[str, Line]:
        """The first label of each group, looked up once: a card may have thousands of either."""
        return {one.group.casefold(): one for one in reversed(self.lines) if one.name == "X-ABLABEL"}


def read(text: str) -> Card:
    """The first card of a text. Raises ValueError, which quotes nothing, where there is none or it does not end."""
    lines: list[Line] = []
    depth = 0
    for source, unfolded in _logical(text):
        word = unfolded.strip().upper()
        if word.startswith("BEGIN:"):
            depth += 1
        if not depth:
            if word:
                break
            continue
        if word == "END:VCARD" and depth == 1:
            return Card(tuple(lines[1:]))
        # The card of an agent (2.1) lies within its person's card and says nothing of that person.
        lines.append(_line(source, unfolded) if depth == 1 else Line("", "", source=source))
        if word.startswith("END:"):
            depth -= 1
        if lines[0].source[:11].upper() != "BEGIN:VCARD":
            break
    raise ValueError("not a readable vCard")


def write(card: Card) -> str:
    """The card's text, folded, with CRLF. What was read and not changed stands as it stood."""
    lines = [line.source or _folded(line) for line in card.lines]
    return "".join(f"{line}\r\n" for line in ("BEGIN:VCARD", *lines, "END:VCARD"))


def escaped(text: str) -> str:
    """A text as a value, or as one component or item of it. No text can end its property: line breaks of every kind
    become ``\\n``, and what no card can carry is left out."""
    clean = _UNWRITABLE.sub("", _BREAKS.sub("\n", text)).replace("\\", "\\\\").replace("\n", "\\n")
    return clean.replace(",", "\\,").replace(";", "\\;")


def unescaped(value: str) -> str:
    """The text that a value stands for. A backslash before anything that needs none is kept."""
    if "\\" not in value:
        return value
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _logical(text: str) -> Iterator[tuple[str, str]]:
    """Each logical line as it stood and unfolded. A line goes on where the next begins with a blank or, in quoted-
    printable, where it ends in an equals sign."""
    held: list[str] = []
    quoted = soft = False
    for line in (physical.removesuffix("\r") for physical in text.split("\n")):
        if not (held and (soft or line[:1] in (" ", "\t"))):
            if held:
                yield "\r\n".join(held), _unfolded(held, quoted)
            held = []
            quoted = "QUOTED-PRINTABLE" in line.partition(":")[0].upper()
        held.append(line)
        soft = quoted and line.rstrip().endswith("=")
    yield "\r\n".join(held), _unfolded(held, quoted)


def _unfolded(lines: Sequence[str], quoted: bool) -> str:
    if quoted:
        return "".join(line.rstrip().removesuffix("=") for line in lines[:-1]) + lines[-1]
    return lines[0] + "".join(line[1:] for line in lines[1:])


def _line(source: str, unfolded: str) -> Line:
    head = _HEAD.match(unfolded)
    before, colon, value = (head[1], ":", unfolded[head.end() :]) if head else unfolded.partition(":")
    if not colon:
        return Line("", "", source=source)
    name, *params = _split(before, _PARAM_MARKS)
    group, _, name = name.strip().rpartition(".")
    return Line(name.upper(), value, tuple(param for param in params if param.strip()), group, source)


def _split(text: str, marks: re.Pattern[str]) -> list[str]:
    """The pieces between the marks; what is quoted or escaped is matched as more than one character, and is none."""
    pieces, start = [], 0
    for found in marks.finditer(text):
        if len(found[0]) == 1:
            pieces.append(text[start : found.start()])
            start = found.end()
    return [*pieces, text[start:]]


def _folded(line: Line) -> str:
    """The line in pieces of at most 75 octets, cut between characters and not behind a backslash."""
    head = ".".join(part for part in (line.group, line.name) if part)
    octets = f"{';'.join((head, *line.params))}:{line.value}".encode()
    pieces: list[bytes] = []
    start, room = 0, LINE_OCTETS
    while len(octets) - start > room:
        end = start + room
        while octets[end] & 0xC0 == 0x80:
            end -= 1
        if octets[end - 1] == 0x5C:
            end -= 1
        pieces.append(octets[start:end])
        start, room = end, LINE_OCTETS - 1
    return b"\r\n ".join([*pieces, octets[start:]]).decode()
