"""Tells the network, by zeroconf, where OSC and OSCQuery are; needs ``antiphon[network]``."""

import ipaddress
import socket
from typing import Any

from bridge.media.page.addresses import own_addresses


class Announcement:
    """``_oscjson._tcp`` and ``_osc._udp`` for as long as it stands."""

    def __init__(self, zeroconf: Any, services: list[Any]) -> None:
        """Use :meth:`make`."""
        self._zeroconf, self._services = zeroconf, services

    @classmethod
    async def make(cls, host: str, osc_port: int, query_port: int) -> "Announcement":
        """Announce the ports at a host's addresses. Raises ImportError with what to install, OSError, or zeroconf's
        own errors."""
        try:
            from zeroconf import InterfaceChoice
            from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf
        except ImportError as error:
            raise ImportError("--announce needs the package zeroconf: pip install 'antiphon[network]'") from error
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
        addresses = own_addresses() if address.is_unspecified else [str(address)]
        zeroconf = AsyncZeroconf(interfaces=InterfaceChoice.All if address.is_unspecified else [str(address)])
        name = socket.gethostname().partition(".")[0] or "localhost"
        services = [
            AsyncServiceInfo(
                f"{kind}.local.",
                f"Antiphon on {name} {osc_port}.{kind}.local.",
                port=port,
                parsed_addresses=addresses or ["127.0.0.1"],
                server=f"{name}.local.",
                properties={"txtvers": "1"},
            )
            for kind, port in (("_oscjson._tcp", query_port), ("_osc._udp", osc_port))
        ]
        for service in services:
            await zeroconf.async_register_service(service)
        return cls(zeroconf, services)

    async def end(self) -> None:
        """Take it back."""
        await self._zeroconf.async_unregister_all_services()
        await self._zeroconf.async_close()
