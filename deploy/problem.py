"""Problems that stop a command, in words for the person at the terminal."""


class Problem(Exception):
    """Something outside the program is not as it must be: `text` says what, `remedy` what to do about it.

    The command line prints both and ends with `exit_code`; no traceback, nothing has been changed.
    """

    exit_code = 2

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.text = text
        self.remedy = remedy


class ConfigError(Problem):
    """A setting is unknown, malformed or contradicts another."""


class StateError(Problem):
    """The state directory cannot be used."""


class NotNow(StateError):
    """It may pass by itself or once somebody has helped (a full disk, a database server that starts later): a
    service manager tries again."""

    exit_code = 1


class CertificateError(Problem):
    """A certificate or key cannot be used."""


class PortError(Problem):
    """A port cannot be listened on."""
