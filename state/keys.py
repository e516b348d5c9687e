"""The keys that open the vault: from ``CONCORD_KEY``, or from a file that only its owner may read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.fernet import Fernet

from mapping.errors import ConfigError

VARIABLE = "CONCORD_KEY"
FILE = "vault.key"


class Keys:
    """Fernet keys, newest first: the first encrypts, all of them decrypt. Read anew each time, never kept in memory."""

    def __init__(self, state_dir: Path, environ: Mapping[str, str]) -> None:
        self._file = state_dir / FILE
        self._environ = environ

    @property
    def in_file(self) -> bool:
        """Whether the keys lie in the file, and so are ours to replace."""
        return not self._environ.get(VARIABLE, "").strip()

    def read(self) -> list[Fernet] | None:
        """The keys; None when there is no file yet. ConfigError when they are malformed or others may read them."""
        if not self.in_file:
            return [_fernet(key, VARIABLE) for key in self._environ[VARIABLE].split(",")]
        texts = self._texts()
        return [_fernet(key, str(self._file)) for key in texts] if texts is not None else None

    def create(self) -> list[Fernet]:
        """Makes the file with one fresh key; when another process was quicker, its key is the one."""
        written = self._written([Fernet.generate_key().decode()])
        try:
            # A link appears with its whole content and never over another's file.
            os.link(written, self._file)
        except FileExistsError:
            pass
        except OSError:
            raise ConfigError(f"The vault's key file {self._file} cannot be written.") from None
        finally:
            written.unlink(missing_ok=True)
        return self.read() or []

    def copy(self, path: Path) -> bool:
        """Writes the keys of the file to a new one that only its owner may read; False where there is no file."""
        texts = self._texts() if self.in_file else None
        if texts is None:
            return False
        Keys(path.parent, {})._written(texts).replace(path)
        return True

    def put_back(self, path: Path) -> bool:
        """Takes the keys of such a copy where there are none; False where there are others, which stay."""
        copied = Keys(path.parent, {})
        copied._file = path
        texts = copied._texts()
        if texts is None or self._texts() == texts:
            return True
        if not self.in_file or self._file.exists():
            return False
        self._written(texts).replace(self._file)
        return True

    def put_new_first(self) -> None:
        """Adds a fresh key before those of the file."""
        self._written([Fernet.generate_key().decode(), *(self._texts() or ())]).replace(self._file)

    def keep(self, count: int) -> None:
        """Forgets all keys of the file but the newest ``count``."""
        self._written((self._texts() or [])[:count]).replace(self._file)

    def _texts(self) -> list[str] | None:
        try:
            mode = self._file.stat().st_mode
            if mode & 0o077:
                raise ConfigError(
                    f"The vault's key file {self._file} may be read by others; run: chmod 600 {self._file}"
                )
            return self._file.read_text(encoding="ascii").split()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"The vault's key file {self._file} cannot be read.") from None

    def _written(self, keys: Sequence[str]) -> Path:
        """A file beside the key file, safely on the disk, that only its owner may read."""
        try:
            handle, name = tempfile.mkstemp(prefix=FILE, dir=self._file.parent)  # mode 0600 from the start
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write("\n".join(keys) + "\n")
                file.flush()
                os.fsync(handle)
        except OSError:
            raise ConfigError(f"The vault's key file {self._file} cannot be written.") from None
        return Path(name)


def _fernet(key: str, place: str) -> Fernet:
    try:
        return Fernet(key.strip())
    except ValueError:
        # Without its cause, which quotes nothing today but might quote the key tomorrow.
        raise ConfigError(f"{place} holds something that is not a key: 32 bytes in URL-safe base64.") from None
