"""What the page's chunk maker made, byte for byte, beside what the server has on its disk."""

import base64
from typing import Any

from playwright.sync_api import Page

from tests.browser.clinician import until
from tests.process import ServerProcess

BYTES_A_SECOND = 32_000
TAP = """async () => {
    const { KeptAudio } = await import("/static/js/kept-audio.js");
    const add = KeptAudio.prototype.add;
    KeptAudio.prototype.add = function (pcm) {
        window.tapped(this.about.sessionId, btoa(String.fromCharCode(...new Uint8Array(pcm))));
        return add.call(this, pcm);
    };
}"""


class Tap:
    """All PCM that a page hands over to be kept and sent, remembered here also once its browser is dead."""

    def __init__(self, page: Page, server: ServerProcess) -> None:
        self.page = page
        self.server = server
        self.pcm = bytearray()
        self.session_ids: list[str] = []
        page.expose_binding("tapped", self._remember)
        page.evaluate(TAP)

    @property
    def seconds(self) -> float:
        """Handed over so far, at 16 kHz."""
        return len(self.pcm) / BYTES_A_SECOND

    def on_disk(self) -> bytes:
        """What the server's spool has of it, in all its sessions."""
        spool = self.server.folder / "instance" / "spool"
        files = [spool / session_id / "audio.pcm" for session_id in self.session_ids]
        return b"".join(file.read_bytes() for file in files if file.exists())

    def is_whole(self) -> None:
        """Wait until the server has as much as was spoken, and compare every byte. Pause the dictation first."""
        until(self.page, lambda: len(self.on_disk()) >= len(self.pcm) > 0)
        assert self.on_disk() == bytes(self.pcm)

    def _remember(self, _source: Any, session_id: str, chunk: str) -> None:
        if session_id not in self.session_ids:
            self.session_ids.append(session_id)
        self.pcm += base64.b64decode(chunk)
