"""Every setting of Streamlit, in one place; files and variables of the user's own do not reach it."""

from typing import Any

from streamlit import config

from dashboard.colors import DARK, FONT, LIGHT, Look
from dashboard.entrance import Entrance

__all__ = ["apply_settings", "options"]

CODE_FONT = '"Source Code", "Noto Sans Mono CJK SC", ui-monospace, monospace'


_HERE = Entrance()


def options(host: str, port: int, way: Entrance = _HERE) -> dict[str, Any]:
    """All options we set, by their dotted names, for a server at this address, entered this way."""
    return {
        "global.developmentMode": False,
        # What a browser has and what has not changed since is not sent again: charts of long runs, mostly.
        "global.minCachedMessageSize": 1000,
        "logger.enableRich": False,
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        # Against DNS rebinding: a foreign page that resolves to this machine has another Host header.
        "server.allowedHosts": [way.host] if way.host else _hosts(host),
        "server.corsAllowedOrigins": [way.public] if way.public else [],
        # Who is logged in is said by a cookie, never by a header.
        "server.trustedUserHeaders": {},
        # Of logins, and given in memory.
        "secrets.files": [],
        "server.disconnectedSessionTTL": 120,
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "minimal",
        "runner.magicEnabled": False,
        "runner.fastReruns": True,
        "theme.base": "light",
        "theme.font": FONT,
        "theme.headingFont": FONT,
        "theme.codeFont": CODE_FONT,
        "theme.paddingTop": "0.5rem",
        "theme.baseFontSize": 15,
        "theme.baseRadius": "4px",
        "theme.buttonRadius": "4px",
        "theme.showWidgetBorder": True,
        "theme.linkUnderline": False,
        **_theme("light", LIGHT),
        **_theme("dark", DARK),
    }


def _hosts(host: str) -> list[str]:
    return ["localhost", "127.0.0.1", "::1", host]


def _theme(kind: str, look: Look) -> dict[str, Any]:
    colors = {
        "primaryColor": look.accent,
        "backgroundColor": look.background,
        "secondaryBackgroundColor": look.second,
        "textColor": look.text,
        "borderColor": look.border,
        "linkColor": look.accent,
        "codeTextColor": look.text,
        "codeBackgroundColor": look.second,
        "dataframeBorderColor": look.border,
        "dataframeHeaderBackgroundColor": look.second,
        "dataframeHeaderTextColor": look.quiet,
        "chartCategoricalColors": list(look.series),
    }
    return {f"theme.{kind}.{name}": value for name, value in colors.items()}


def apply_settings(host: str, port: int, way: Entrance = _HERE) -> None:
    """Set them above anything else that could; to be called before the app is made."""
    config.get_config_options(force_reparse=True, options_from_flags=options(host, port, way))
