"""A real Cyrus: calendars, address books and mail, out of Debian's packages.

Debian's cyrus-imapd and dovecot-imapd exclude each other, and both are wanted. So the packages are unpacked into the
cache of servers and run from there, without being installed, without root's help, and without touching the system.
Tried on Debian 12 (Cyrus 3.6.1), 2026-11-23.
"""

from __future__ import annotations

import getpass
import imaplib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from admin.demo.servers.process import Process, free_port
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


class Cyrus:
    """One server for one user. Use it with ``with``. Raises ConcordError where it cannot be had here."""

    user = "alice"
    password = "alice-pw-14142"
    home = "/dav/calendars/user/alice/"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.imap_port = free_port()
        self._process: Process | None = None
        self._tool: Sequence[str] = ()
        self._variables: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the server, with a slash at its end."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Unpacks the server where that was never done, starts it, and makes its user."""
        root = unpacked("Cyrus", PACKAGES)
        for name in ("conf/proc", "conf/log", "conf/lock", "spool"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        settings, services = self.folder / "imapd.conf", self.folder / "cyrus.conf"
        settings.write_text(IMAPD.format(folder=self.folder), encoding="utf-8")
        places = {"bin": root / "usr/lib/cyrus/bin", "folder": self.folder, "port": self.port}
        services.write_text(SERVICES.format(**places, imap_port=self.imap_port), encoding="utf-8")
        owner, drop = _somebody()
        variables = {
            "CYRUS_USER": owner,
            "LD_LIBRARY_PATH": ":".join(str(root / name) for name in LIBRARIES),
            "SASL_PATH": ":".join(str(root / name / "sasl2") for name in LIBRARIES[:2]),
        }
        self._tool, self._variables = [*drop, str(root / "usr/sbin/saslpasswd2")], variables
        self.add_user(self.user)
        master = [str(root / "usr/lib/cyrus/bin/master"), "-C", str(settings), "-M", str(services), "-D"]
        pid = ["-p", str(self.folder / "master.pid")]
        log = self.folder / "cyrus.log"
        self._process = Process("Cyrus", [*drop, *master, *pid], self.port, log, variables=variables)
        try:
            with imaplib.IMAP4("127.0.0.1", self.imap_port) as mail:  # the first login makes the mailboxes
                mail.login(self.user, self.password)
        except BaseException:
            self.stop()
            raise

    def add_user(self, user: str) -> None:
        """One more who has the password; the first login makes the mailboxes."""
        command = [*self._tool, "-p", "-c", "-u", "localhost", "-f", str(self.folder / "sasldb2"), user]
        run("Cyrus", command, self._variables, given=self.password)

    def stop(self) -> None:
        """Ends the server, if it runs."""
        if self._process is not None:
            self._process.stop()
            self._process = None


def _somebody() -> tuple[str, Sequence[str]]:
    """The name Cyrus runs under, and what to put before its commands. It refuses to run as root, whose private folders
    nobody else may enter: a namespace of users makes root look like somebody else."""
    if os.geteuid() != 0:
        return getpass.getuser(), ()
    return "nobody", ("unshare", "--user", "--map-user=65534", "--map-group=65534")
