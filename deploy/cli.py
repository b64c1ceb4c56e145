"""`giaoban`: the command line. Problems end with an exit code, a text and a remedy, never a traceback."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from deploy.commands.flags import add_settings, settings
from deploy.commands.record_commands import add_keys_commands, add_recording_commands
from deploy.problem import Problem
from deploy.state import PRIVATE

EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    os.umask(PRIVATE)
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except Problem as problem:
        complain(problem)
        return problem.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return code


def complain(problem: Problem) -> None:
    """Text and remedy on standard error."""
    console = Console(stderr=True)
    console.print(Text.assemble(("giaoban: ", "bold red"), problem.text), soft_wrap=True)
    console.print(Text("  -> " + problem.remedy), soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="giaoban", description="Video conferencing for the daily briefing.")
    commands = parser.add_subparsers(required=True, metavar="command")

    serve = commands.add_parser("serve", help="start the appliance")
    add_settings(serve)
    serve.add_argument(
        "--reload",
        nargs="?",
        const="",
        metavar="FOLDER",
        help="for developers: restart the control process when Python source in FOLDER (default: signaling/) "
        "changes; media goes on, and pages are read again anyway",
    )
    serve.set_defaults(command=_serve)

    warm = commands.add_parser("warm", help="compile the packet kernel, so that the first start is quick")
    warm.set_defaults(command=_warm)

    simulate = commands.add_parser("simulate", help="bring simulated bridge points to the lobby")
    add_settings(simulate, serving=False)
    simulate.add_argument("--participants", type=int, default=5, metavar="N", help="how many (default 5)")
    simulate.add_argument("--url", help="address of the appliance (default: this machine)")
    simulate.add_argument("--meeting", help="code of the meeting (default: the standing one)")
    simulate.add_argument(
        "--show", choices=("page", "none"), default="page", help="stage and tiles, as a page, or no tiles"
    )
    simulate.add_argument("--duration", type=float, metavar="S", help="seconds; default until Ctrl-C")
    simulate.set_defaults(command=_simulate)

    _add_meeting_commands(
        commands.add_parser("meeting", help="meetings: show, schedule, composition, recording, bans")
    )
    add_keys_commands(commands.add_parser("keys", help="who can open recordings: new, add, remove, list"))
    add_recording_commands(
        commands.add_parser("recording", help="recordings: list, verify, recover, export, play, delete")
    )
    _add_audit_commands(commands.add_parser("audit", help="the audit log: verify, cut, export"))
    _add_account_commands(
        commands.add_parser("account", help="accounts: add, set-password, disable, enable, list")
    )
    return parser


def _add_account_commands(account: argparse.ArgumentParser) -> None:
    actions = account.add_subparsers(required=True, metavar="action")

    add = actions.add_parser("add", help="make an account; its random password is shown once")
    add.add_argument("login")
    add.add_argument("--role", default="delegate", choices=("chair", "operator", "delegate", "technician"))
    add.add_argument("--name", required=True, help="shown in the meeting until the person gives another")
    add.add_argument("--unit", help="id of its unit; without one the person chooses at the door")
    add.set_defaults(command=_account_add)

    change = actions.add_parser("set-password", help="replace a password (asked for, or read from a pipe)")
    change.add_argument("login")
    change.set_defaults(command=_account_set_password)

    disable = actions.add_parser("disable", help="nobody may use it any more; ends what runs under it")
    disable.add_argument("login")
    disable.set_defaults(command=_account_disable)

    enable = actions.add_parser("enable", help="it may be used again")
    enable.add_argument("login")
    enable.set_defaults(command=_account_enable)

    show = actions.add_parser("list", help="show the accounts, or those in which all these words are")
    show.add_argument("words", nargs="*")
    show.set_defaults(command=_account_list)
    for parser in (add, change, disable, enable, show):
        add_settings(parser, serving=False)


def _add_meeting_commands(meeting: argparse.ArgumentParser) -> None:
    actions = meeting.add_subparsers(required=True, metavar="action")

    show = actions.add_parser("show", help="when it starts, and who belongs to it")
    show.set_defaults(command=_meeting_show)

    schedule = actions.add_parser("schedule", help="set when it starts and when its lobby opens")
    start = schedule.add_mutually_exclusive_group(required=True)
    start.add_argument("--start", metavar="TIME", help='in the server\'s time zone: "2026-11-23 08:00"')
    start.add_argument("--no-start", action="store_true", help="no time: the lobby is always open")
    schedule.add_argument(
        "--lobby-minutes",
        type=int,
        default=30,
        metavar="N",
        help="how long before the start the lobby opens (default 30)",
    )
    schedule.set_defaults(command=_meeting_schedule)

    compose = actions.add_parser("composition", help="set which units belong to it; others are outsiders")
    compose.set_defaults(command=_meeting_compose)
    recording = actions.add_parser(
        "recording", help="whether it may be recorded, and how long recordings are kept"
    )
    may = recording.add_mutually_exclusive_group()
    may.add_argument(
        "--allow", dest="allowed", action="store_true", default=None, help="its chair may record it"
    )
    may.add_argument(
        "--forbid",
        dest="allowed",
        action="store_false",
        help="nobody may record it; a recording in progress ends",
    )
    recording.add_argument(
        "--keep-days", type=int, metavar="N", help="delete recordings after this many days; 0: keep them"
    )
    recording.set_defaults(command=_meeting_recording)
    bans = actions.add_parser("bans", help="who is banned from it")
    bans.set_defaults(command=_meeting_bans)
    lift = actions.add_parser("lift-ban", help="let a banned account knock again")
    lift.set_defaults(command=_meeting_lift_ban)
    for parser in (show, schedule, compose, recording, bans, lift):
        parser.add_argument("code", help="of the meeting: giao-ban is the standing one")
        add_settings(parser, serving=False)
    lift.add_argument("login")
    compose.add_argument("units", nargs="*", metavar="UNIT", help="id of a unit")
    compose.add_argument("--everyone", action="store_true", help="all units belong to it")


def _add_audit_commands(audit: argparse.ArgumentParser) -> None:
    actions = audit.add_subparsers(required=True, metavar="action")

    verify = actions.add_parser("verify", help="find any change, gap or cut; exit code 1 when there is one")
    verify.add_argument("--head", metavar="HASH", help="a hash noted earlier, which must still be in the log")
    verify.set_defaults(command=_audit_verify)

    verify.add_argument(
        "--server-key", metavar="HEX", help="the key that signed where the log was cut off, as noted earlier"
    )

    cut = actions.add_parser("cut", help="cut off the entries older than audit_years, which happens daily")
    cut.set_defaults(command=_audit_cut)

    export = actions.add_parser("export", help="write the entries to standard output")
    export.add_argument("--meeting", metavar="CODE", help="of this meeting only (default: everything)")
    export.add_argument("--format", default="jsonl", choices=("jsonl", "csv"))
    export.set_defaults(command=_audit_export)
    for parser in (verify, cut, export):
        add_settings(parser, serving=False)


def _serve(options: argparse.Namespace) -> int:
    from deploy.run.appliance import CONTROL_SOURCE, serve
    from deploy.run.logs import configure_logging

    config = settings(options)
    configure_logging(config.log_level)
    watched = None if options.reload is None else Path(options.reload or CONTROL_SOURCE)
    serve(config, Console(), watched)
    return 0


def _warm(options: argparse.Namespace) -> int:
    print("giaoban: preparing the packet kernel; compiled once, within a minute", file=sys.stderr, flush=True)
    begun = time.monotonic()
    from sfu.fastpath import prepare_kernel

    prepare_kernel()
    print(f"giaoban: ready after {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from deploy.simulate.command import Wish, simulate
    from deploy.simulate.page import Shown

    wish = Wish(options.participants, options.url, options.meeting, options.duration, Shown(options.show))
    simulate(settings(options), wish, Console())
    return 0


def _account_add(options: argparse.Namespace) -> int:
    from deploy.commands import accounts
    from signaling.model.words import Role

    role = Role(options.role)
    accounts.add(settings(options), options.login, role, options.name, options.unit, Console())
    return 0


def _account_set_password(options: argparse.Namespace) -> int:
    from deploy.commands import accounts

    accounts.set_password(settings(options), options.login, Console())
    return 0


def _account_disable(options: argparse.Namespace) -> int:
    from deploy.commands import accounts

    accounts.disable(settings(options), options.login, Console())
    return 0


def _account_enable(options: argparse.Namespace) -> int:
    from deploy.commands import accounts

    accounts.enable(settings(options), options.login, Console())
    return 0


def _account_list(options: argparse.Namespace) -> int:
    from deploy.commands import accounts

    accounts.show(settings(options), " ".join(options.words), Console())
    return 0


def _meeting_show(options: argparse.Namespace) -> int:
    from deploy.commands import meetings

    meetings.show(settings(options), options.code, Console())
    return 0


def _meeting_schedule(options: argparse.Namespace) -> int:
    from deploy.commands import meetings

    meetings.schedule(settings(options), options.code, options.start, options.lobby_minutes, Console())
    return 0


def _meeting_compose(options: argparse.Namespace) -> int:
    from deploy.commands import meetings

    if bool(options.units) == options.everyone:
        raise Problem("which units belong to the meeting?", "Name units by their ids, or give --everyone.")
    meetings.compose(settings(options), options.code, options.units, Console())
    return 0


def _meeting_recording(options: argparse.Namespace) -> int:
    from deploy.commands import meetings

    meetings.recording(settings(options), options.code, options.allowed, options.keep_days, Console())
    return 0


def _meeting_bans(options: argparse.Namespace) -> int:
    from deploy.commands import bans

    bans.show(settings(options), options.code, Console())
    return 0


def _meeting_lift_ban(options: argparse.Namespace) -> int:
    from deploy.commands import bans

    bans.lift(settings(options), options.code, options.login, Console())
    return 0


def _audit_verify(options: argparse.Namespace) -> int:
    from deploy.commands import audit

    audit.verify(settings(options), options.head, options.server_key, Console())
    return 0


def _audit_cut(options: argparse.Namespace) -> int:
    from deploy.commands import audit

    audit.cut(settings(options), Console())
    return 0


def _audit_export(options: argparse.Namespace) -> int:
    from deploy.commands import audit
    from signaling.audit.export import Form

    audit.export(settings(options), options.meeting, Form(options.format), sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
