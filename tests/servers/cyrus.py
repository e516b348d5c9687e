"""A real Cyrus: calendars, address books and mail, out of Debian's packages.

Debian's cyrus-imapd and dovecot-imapd exclude each other, and both are wanted. So the packages are unpacked into the
cache of servers and run from there, without being installed, without root's help, and without touching the system.
Tried on Debian 12 (Cyrus 3.6.1), 2026-11-23.
"""

from __future__ import annotations

import getpass
import imaplib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from admin.demo.servers.process import WebServer, free_port
from tests.servers.debian import run, unpacked

PACKAGES = (
    "cyrus-caldav", "cyrus-common", "cyrus-imapd",
    "libical3", "libpcre3", "libshp2", "libwrap0", "libxapian30",
    "libsasl2-2", "libsasl2-modules", "libsasl2-modules-db", "sasl2-bin",
)  # fmt: skip
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/cyrus/lib")

IMAPD = """\
configdirectory: {folder}/conf
partition-default: {folder}/spool
defaultpartition: default
admins: cyrus
servername: localhost
unixhierarchysep: yes
altnamespace: yes
virtdomains: off
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {folder}/sasldb2
sasl_mech_list: PLAIN LOGIN
httpmodules: caldav carddav
autocreate_quota: 0
autocreate_post: yes
autocreate_inbox_folders: Sent
failedloginpause: 0
lmtpsocket: {folder}/conf/lmtp
idlesocket: {folder}/conf/idle
notifysocket: {folder}/conf/notify
mboxname_lockpath: {folder}/conf/lock
proc_path: {folder}/conf/proc
caldav_realm: local
"""
SERVICES = """\
START {{ recover cmd="{bin}/ctl_cyrusdb -C {folder}/imapd.conf -r" }}
SERVICES {{
  imap cmd="{bin}/imapd -C {folder}/imapd.conf" listen="127.0.0.1:{imap_port}" prefork=0
  http cmd="{bin}/httpd -C {folder}/imapd.conf" listen="127.0.0.1:{port}" prefork=0
}}
EVENTS {{ }}
"""


class Cyrus(WebServer):
    """One server for one user. Raises ConcordError where it cannot be had here."""

    user = "alice"
    password = "alice-pw-14142"
    home = "/dav/calendars/user/alice/"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.imap_port = free_port()
        self._drop: Sequence[str] = ()
        self._variables: dict[str, str] = {}

    def command(self) -> Sequence[str]:
        """The master process, with its user made."""
        root = unpacked("Cyrus", PACKAGES)
        for name in ("conf/proc", "conf/log", "conf/lock", "spool"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        settings, services = self.folder / "imapd.conf", self.folder / "cyrus.conf"
        settings.write_text(IMAPD.format(folder=self.folder), encoding="utf-8")
        places = {"bin": root / "usr/lib/cyrus/bin", "folder": self.folder, "port": self.port}
        services.write_text(SERVICES.format(**places, imap_port=self.imap_port), encoding="utf-8")
        owner, self._drop = _somebody()
        self._variables = {
            "CYRUS_USER": owner,
            "LD_LIBRARY_PATH": ":".join(str(root / name) for name in LIBRARIES),
            "SASL_PATH": ":".join(str(root / name / "sasl2") for name in LIBRARIES[:2]),
        }
        self.add_user(self.user)
        master = [str(root / "usr/lib/cyrus/bin/master"), "-C", str(settings), "-M", str(services), "-D"]
        return [*self._drop, *master, "-p", str(self.folder / "master.pid")]

    def variables(self) -> Mapping[str, str]:
        """Where its libraries lie, and whom it runs as."""
        return self._variables

    def ready(self) -> None:
        """Waits until it answers; the first login makes the mailboxes."""
        super().ready()
        try:
            with imaplib.IMAP4("127.0.0.1", self.imap_port) as mail:
                mail.login(self.user, self.password)
        except BaseException:
            self.stop()
            raise

    def add_user(self, user: str) -> None:
        """One more who has the password; the first login makes the mailboxes."""
        tool = [*self._drop, str(unpacked("Cyrus", PACKAGES) / "usr/sbin/saslpasswd2")]
        command = [*tool, "-p", "-c", "-u", "localhost", "-f", str(self.folder / "sasldb2"), user]
        run("Cyrus", command, self._variables, given=self.password)


def _somebody() -> tuple[str, Sequence[str]]:
    """The name Cyrus runs under, and what to put before its commands. It refuses to run as root, whose private folders
    nobody else may enter: a namespace of users makes root look like somebody else."""
    if os.geteuid() != 0:
        return getpass.getuser(), ()
    return "nobody", ("unshare", "--user", "--map-user=65534", "--map-group=65534")
