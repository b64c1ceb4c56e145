"""Flags named after the settings, for every command that needs them."""

import argparse
import os
from pathlib import Path

from deploy.config import Config, load


def add_settings(parser: argparse.ArgumentParser, *, serving: bool = True) -> None:
    """A flag that is not given leaves the setting alone."""

    def add(flag: str, description: str, metavar: str, kind: type = str, action: str = "store") -> None:
        parser.add_argument(
            flag, type=kind, default=argparse.SUPPRESS, help=description, metavar=metavar, action=action
        )

    parser.add_argument(
        "--config", type=Path, help="settings file (default ./giaoban.toml when there is one)"
    )
    add("--state", "state directory (default ./var, or $GIAOBAN_STATE)", "DIR")
    add("--https-port", "HTTPS port (default 8443)", "PORT", int)
    if not serving:
        return
    add("--media-port", "UDP and TCP port of media (default 8444)", "PORT", int)
    add(
        "--host",
        "address HTTPS listens on, may be repeated (default all)",
        metavar="ADDRESS",
        action="append",
    )
    add("--media-addresses", "address media arrives on, may be repeated", "ADDRESS", action="append")
    add("--advertise", "address browsers are told, may be repeated", "ADDRESS", action="append")
    add("--workers", "media workers (default 1)", "N", int)
    add("--certificate", "own certificate chain, PEM", "FILE")
    add("--key", "its key, PEM", "FILE")
    add("--centre", "name of the health centre", "NAME")
    add("--log-level", "debug, info, warning or error (default info)", "LEVEL")


def settings(options: argparse.Namespace) -> Config:
    """The settings for this command. Raises ConfigError."""
    flags = {key: value for key, value in vars(options).items() if key in Config.__struct_fields__}
    return load(options.config, os.environ, flags, cwd=Path.cwd())
