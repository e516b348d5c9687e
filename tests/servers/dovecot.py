"""A real Dovecot out of Debian's packages, which is told what to let its clients know of.

Its programs look for one another below /usr. So it runs where an overlay shows the unpacked packages there, in a
namespace that nobody else sees. Tried on Debian 12 (Dovecot 2.3.19), 2026-11-23.
"""

from __future__ import annotations

import imaplib
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

from admin.demo.servers.process import Server, free_port
from tests.servers.debian import run, unpacked

PACKAGES = (
    "dovecot-core", "dovecot-imapd",
    "libapparmor1", "libexttextcat-2.0-0", "liblua5.4-0", "libsodium23", "libstemmer0d", "libunwind8", "libwrap0",
)  # fmt: skip
BASIC = "IMAP4rev1 SASL-IR ID ENABLE IDLE CHILDREN NAMESPACE UIDPLUS LITERAL+"
QRESYNC, CONDSTORE, PLAIN = "", f"{BASIC} CONDSTORE SPECIAL-USE", BASIC
"""What the server says it can do: everything, without QRESYNC, without either."""

SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
disable_plaintext_auth = no
auth_mechanisms = plain login{mechanisms}
auth_failure_delay = 0
mail_max_userip_connections = 200
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mail_fsync = never
ssl = {ssl}
{certificate}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap {{
  service_count = 1000
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
{oauth}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox "All Mail" {{
    special_use = \\All
  }}
  mailbox Drafts {{
    special_use = \\Drafts
  }}
  mailbox Junk {{
    special_use = \\Junk
  }}
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Trash {{
    special_use = \\Trash
  }}
}}
protocol imap {{
  {capability}
}}
"""
CERTIFICATE = """\
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem"""
OAUTH = """\
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth.conf
}}"""
HIDDEN = """\
mount -t overlay overlay -o lowerdir="$1/usr":/usr /usr &&
exec unshare --user --map-user=65534 --map-group=65534 /usr/sbin/dovecot -F -c "$2"
"""


class Dovecot(Server):
    """One server that knows every user, by the one password.

    With ``certificate.pem`` and ``key.pem`` in its folder it speaks TLS. ``introspection`` is an address that tells
    whose an OAuth token is. Raises ConcordError where it cannot be had here.
    """

    realm = "@acme.example"
    password = "alice-pw-16180-\u00e9"

    def __init__(self, folder: Path, capability: str = QRESYNC, *, introspection: str = "") -> None:
        super().__init__(folder)
        self.capability, self.introspection = capability, introspection
        self.tls_port = free_port()

    def command(self) -> Sequence[str]:
        """The server, which sees its own files where it looks for them, below /usr."""
        root = unpacked("Dovecot", PACKAGES)
        if (root / "lib").is_dir():  # what a package puts there belongs below /usr on a system of today
            shutil.copytree(root / "lib", root / "usr" / "lib", dirs_exist_ok=True, symlinks=True)
        for name in ("run", "mail"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        settings = self.folder / "dovecot.conf"
        settings.write_text(self._settings(), encoding="utf-8")
        in_namespace = ["unshare", "--user", "--map-root-user", "--mount"]
        run("Dovecot", [*in_namespace, "true"])
        return [*in_namespace, "sh", "-c", HIDDEN, "dovecot", str(root), str(settings)]

    def forget(self, user: str) -> None:
        """Lets the server forget the indexes of a mailbox, and with them its count of changes; UIDs stay."""
        for index in (self.folder / "mail" / user).rglob("dovecot.index*"):
            index.unlink()

    def door(self, user: str) -> imaplib.IMAP4:
        """A connection of somebody else's mail program."""
        mail = imaplib.IMAP4("127.0.0.1", self.port, timeout=30)
        mail.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        mail.authenticate("PLAIN", lambda _: f"\0{user}\0{self.password}".encode())
        return mail

    def _settings(self) -> str:
        if self.introspection:
            told = f"introspection_mode = get\nintrospection_url = {self.introspection}\nusername_attribute = user\n"
            told += "active_attribute = active\nactive_value = yes\n"
            (self.folder / "oauth.conf").write_text(told, encoding="utf-8")
        speaks = (self.folder / "certificate.pem").exists()
        return SETTINGS.format(
            folder=self.folder,
            port=self.port,
            tls_port=self.tls_port if speaks else 0,
            ssl="yes" if speaks else "no",
            certificate=CERTIFICATE.format(folder=self.folder) if speaks else "",
            mechanisms=" xoauth2" if self.introspection else "",
            oauth=OAUTH.format(folder=self.folder) if self.introspection else "",
            password=self.password,
            capability=f"imap_capability = {self.capability}" if self.capability else "",
        )
