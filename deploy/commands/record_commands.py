"""The commands of recordings and their keys."""

import argparse
from pathlib import Path

from rich.console import Console

from deploy.commands.flags import add_settings, settings


def add_keys_commands(keys: argparse.ArgumentParser) -> None:
    actions = keys.add_subparsers(required=True, metavar="action")

    new = actions.add_parser("new", help="make a key pair; on another machine than the server, offline")
    new.add_argument("file", type=Path, help="of the private key; FILE.pub and FILE.html are written, too")
    new.add_argument("--name", required=True, help='who holds it: "Ban Giám đốc"')
    new.add_argument("--no-passphrase", action="store_true", help="leave the private key's file unlocked")
    new.add_argument("--no-paper", action="store_true", help="write no page to be printed")
    new.add_argument("--print", action="store_true", help="show the private key here, too")
    new.set_defaults(command=_keys_new)

    add = actions.add_parser("add", help="lock recordings with this key from now on")
    add.add_argument("public", metavar="key", help="the public half: age1..., or the .pub file")
    add.add_argument("--name", required=True, help="shown to everybody while it is recorded")
    add.add_argument(
        "--second", action="store_true", help="of the second lock: opening then takes a key of each lock"
    )
    add.set_defaults(command=_keys_add)

    remove = actions.add_parser("remove", help="lock no further recordings with this key")
    remove.add_argument("which", help="name, fingerprint, or age1...")
    remove.set_defaults(command=_keys_remove)

    show = actions.add_parser("list", help="show the keys, and the key that this server signs with")
    show.add_argument("--all", action="store_true", help="those that were removed, too")
    show.set_defaults(command=_keys_list)
    for parser in (add, remove, show):
        add_settings(parser, serving=False)


def add_recording_commands(recording: argparse.ArgumentParser) -> None:
    actions = recording.add_subparsers(required=True, metavar="action")

    show = actions.add_parser("list", help="show what was recorded")
    show.add_argument("--directory", type=Path, metavar="DIR", help="recordings that lie elsewhere")
    show.set_defaults(command=_recording_list)

    delete = actions.add_parser("delete", help="delete one for good; the audit log says so")
    delete.add_argument("id", help="as giaoban recording list shows it")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    delete.set_defaults(command=_recording_delete)
    for parser in (show, delete):
        add_settings(parser, serving=False)

    verify = actions.add_parser(
        "verify", help="find what is missing, damaged or forged; exit code 1 when there is something"
    )
    verify.set_defaults(command=_recording_verify)
    recover = actions.add_parser("recover", help="write out all that can be read, for any player")
    recover.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the files")
    recover.set_defaults(command=_recording_recover)
    export = actions.add_parser("export", help="make a film, its sound, or the tracks as they are")
    _add_export(export)
    play = actions.add_parser("play", help="watch it in this machine's browser, decrypting as it plays")
    play.set_defaults(command=_recording_play)
    for parser in (export, play):
        _add_style(parser)
    for parser in (verify, recover, export, play):
        _add_opening(parser, needed=parser is not verify)
    for parser in (recover, export, play):
        parser.add_argument("--unproven", action="store_true", help="take also what bears no valid signature")


def _add_opening(parser: argparse.ArgumentParser, *, needed: bool) -> None:
    parser.add_argument("file", type=Path, help="the .tar that was downloaded, or a recording's folder")
    parser.add_argument(
        "--key",
        dest="keys",
        action="append",
        type=Path,
        required=needed,
        default=[] if not needed else None,
        metavar="FILE",
        help="a private key's file; may be repeated",
    )
    parser.add_argument(
        "--second-key", type=Path, metavar="FILE", help="the second person's, where there are two locks"
    )
    parser.add_argument(
        "--server-key", metavar="HEX", help="the key it must be signed with (giaoban keys list prints it)"
    )


def _add_export(export: argparse.ArgumentParser) -> None:
    export.add_argument(
        "--kind", default="film", choices=("film", "sound", "tracks"), help="what to write (default film)"
    )
    export.add_argument(
        "--out", type=Path, metavar="FILE", help="its ending says how: .mp4, .mkv, .webm, .m4a, .ogg"
    )
    export.add_argument("--real-time", action="store_true", help="do not shorten pauses")
    export.set_defaults(command=_recording_export)


def _add_style(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--layout", default="screen", choices=("screen", "stage"), help="what is large when both are there"
    )
    parser.add_argument(
        "--watermark", default="", metavar="TEXT", help="across the picture: who watches or exports it"
    )
    parser.add_argument("--language", default="vi", choices=("vi", "en"), help="of the words in the picture")
    parser.add_argument("--font", type=Path, metavar="FILE", help="TrueType font for them")


def _private(options: argparse.Namespace) -> list[Path]:
    return [*options.keys, *([options.second_key] if options.second_key else [])]


def _keys_new(options: argparse.Namespace) -> int:
    from deploy.commands import new_key

    new_key.make(
        options.file,
        options.name,
        Console(),
        lock=not options.no_passphrase,
        paper=not options.no_paper,
        show=options.print,
    )
    return 0


def _keys_add(options: argparse.Namespace) -> int:
    from deploy.commands import keys

    keys.add(settings(options), options.public, options.name, options.second, Console())
    return 0


def _keys_remove(options: argparse.Namespace) -> int:
    from deploy.commands import keys

    keys.remove(settings(options), options.which, Console())
    return 0


def _keys_list(options: argparse.Namespace) -> int:
    from deploy.commands import keys

    keys.show(settings(options), options.all, Console())
    return 0


def _recording_list(options: argparse.Namespace) -> int:
    from deploy.commands import recordings

    recordings.show(settings(options), options.directory, Console())
    return 0


def _recording_delete(options: argparse.Namespace) -> int:
    from deploy.commands import recordings

    recordings.delete(settings(options), options.id, Console(), sure=options.yes)
    return 0


def _recording_verify(options: argparse.Namespace) -> int:
    from deploy.commands import opening

    return opening.verify(options.file, _private(options), options.server_key, Console())


def _recording_recover(options: argparse.Namespace) -> int:
    from deploy.commands import opening

    return opening.recover(
        options.file,
        _private(options),
        options.out,
        options.server_key,
        Console(),
        unproven=options.unproven,
    )


def _recording_export(options: argparse.Namespace) -> int:
    from deploy.commands import export, opening

    found = opening.open_recording(
        options.file, _private(options), options.server_key, unproven=options.unproven
    )
    style = export.StyleFlags(options.layout, options.watermark, options.language, options.font)
    export.export(found, options.kind, options.out, style, Console(), real_time=options.real_time)
    return 0


def _recording_play(options: argparse.Namespace) -> int:
    from deploy.commands import export, opening

    found = opening.open_recording(
        options.file, _private(options), options.server_key, unproven=options.unproven
    )
    style = export.StyleFlags(options.layout, options.watermark, options.language, options.font)
    export.play(found, style, Console())
    return 0
