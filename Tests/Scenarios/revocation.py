"""Revocation lists of the mesh's own intermediate, made by openssl."""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


class RevocationFile:
    """A file that every ztunnel may read, which lists certificates of the mesh as revoked."""

    def __init__(self):
        # Not below a directory of pytest's, which is for root only.
        self.directory = Path(tempfile.mkdtemp(prefix="tulle-crl-"))
        self.directory.chmod(0o755)
        self.path = self.directory / "crl.pem"
        self.number = 0

    def revoke(self, control_state: Path, serials: list[int]) -> None:
        """Puts a list of these serial numbers in place, as one step."""
        work = self.directory / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=0o700)
        now = datetime.datetime.now(datetime.timezone.utc)
        then = (now + datetime.timedelta(days=1)).strftime("%y%m%d%H%M%SZ")
        lines = []
        for serial in serials:
            text = f"{serial:X}"
            lines.append(f"R\t{then}\t{now:%y%m%d%H%M%SZ}\t{'0' * (len(text) % 2)}{text}\tunknown\t/CN=revoked\n")
        (work / "index.txt").write_text("".join(lines))
        self.number += 1
        (work / "number").write_text(f"{self.number:02X}\n")
        (work / "openssl.cnf").write_text(
            f"[ca]\ndefault_ca = mesh\n[mesh]\ndatabase = {work}/index.txt\ncrlnumber = {work}/number\n"
            "default_md = sha256\ndefault_crl_days = 1\n"
        )
        signer = str(control_state / "intermediate.pem")
        subprocess.run(
            ["openssl", "ca", "-gencrl", "-config", str(work / "openssl.cnf"), "-keyfile", signer, "-cert", signer,
             "-out", str(work / "crl.pem")],
            check=True, capture_output=True, timeout=20,
        )
        (work / "crl.pem").chmod(0o644)
        os.replace(work / "crl.pem", self.path)

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)
