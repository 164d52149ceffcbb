"""How one stream comes in: with the credentials of the moment, and again where somebody has changed them meanwhile."""

from collections.abc import Awaitable, Callable

from botocore.credentials import ReadOnlyCredentials
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from aws_services.transcribe_address import CredentialsChain
from aws_services.transcribe_speech_thread import in_thread

FORBIDDEN = 403

Connect = Callable[[ReadOnlyCredentials], Awaitable[ClientConnection]]


class Door:
    """One stream's own. Runs in the speech thread."""

    def __init__(self, credentials: CredentialsChain, connect: Connect) -> None:
        self._credentials = credentials
        self._connect = connect
        self._used: ReadOnlyCredentials | None = None

    async def enter(self) -> ClientConnection:
        """Connected. Raises StreamFailed without credentials, or what the handshake raised."""
        self._used = await in_thread(self._credentials.current)
        try:
            return await self._connect(self._used)
        except InvalidStatus as refusal:
            if refusal.response.status_code != FORBIDDEN or not await self.has_other_credentials():
                raise
        return await self._connect(self._used)

    async def has_other_credentials(self) -> bool:
        """Look for credentials anew: True when those that were refused are not the ones of now. Raises StreamFailed."""
        refused, self._used = self._used, await in_thread(self._credentials.look_again)
        return self._used != refused
