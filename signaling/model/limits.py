"""Every bound and deadline of the control plane, with its reason. Deploy may replace any of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    room: int = 60
    """Admitted seats: the district has 46 points, and the media worker is sized for 50 senders."""
    staff_extra: int = 4
    """Seats beyond `room` for chairs and operators: a full room must not lock them out of it."""
    lobby: int = 100
    queue: int = 120
    """Wishes for the floor, those registered by people who are not inside yet included."""
    seat_grace_s: float = 300.0
    """A seat is kept this long after a drop: a router's restart takes two to three minutes."""
    knock_grace_s: float = 1800.0
    """One who waits and lost the line keeps the place this long; the lobby opens half an hour early."""
    closed_s: float = 30.0
    """A page that was closed may be a reload: only then is its person gone."""
    silence_s: float = 5.0
    """The media worker calls a line lost after 12 s of silence. One that it calls so within this long after
    its page was closed was silent before that."""
    talk_lines: int = 20
    """Newest lines that are kept of what is said with one who waits."""
    talk_every_s: float = 1.0
    """One who waits says a line at most this often: it goes to all the staff."""
    requests: int = 100
    """Permissions that wait to be decided: more than the room has seats."""
    departures: int = 400
    """Newest ones that are shown; the audit log has all of them."""
    sessions: int = 400
    """WebSockets at once, those still before `hello` included."""
    hello_s: float = 10.0
    heartbeat_s: float = 15.0
    """A dead line is noticed after one and a half of these."""
    send_s: float = 10.0
    """One frame may take this long to leave; a slower line is closed and comes back by itself."""
    checks: int = 8
    """Line checks at once in the whole house: each may fill its line, and all of them the building's."""
    check_s: float = 15.0
    check_every_s: float = 5.0
    """A check of an account begins at most this often: each costs a handshake."""
    departed: int = 128
    """Sessions whose line broke and whose unread messages are kept, for the time of the seat."""
    inbox: int = 32
    outbox: int = 64
    messages_per_s: float = 20.0
    messages_burst: int = 60
    """An operator who presses "admit" forty times in a row stays far below."""
    excess: int = 100
    """Messages refused as too fast before the session is closed."""
    media_s: float = 5.0
    """A media worker that has not answered by then is treated as lost."""
    store_s: float = 5.0
    health_s: float = 2.0


DEFAULT = Limits()
