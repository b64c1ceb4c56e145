"""Every bound and deadline of the control plane, with its reason. Deploy may replace any of them. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    room: int = 200
    """Admitted seats: the district has 46 points, a province with its districts four times that."""
    staff_extra: int = 4
    """Seats beyond `room` for chairs and operators: a full room must not lock them out."""
    lobby: int = 200
    queue: int = 250
    """Wishes for the floor, including those registered by people who are not inside yet."""
    seat_grace_s: float = 300.0
    """A seat is kept this long after a drop: a router's restart takes two to three minutes."""
    knock_grace_s: float = 1800.0
    """Somebody in the lobby whose line is lost keeps the place this long; the lobby opens half an hour
    early."""
    closed_s: float = 30.0
    """A closed page may be a reload, so its person counts as gone only after this."""
    silence_share: float = 0.4
    """The media worker calls a line lost after 5.5 s of silence, or after 12 s if it owed nothing. If no more
    than this share of it lay after the page was closed, the line was silent before that."""
    talk_lines: int = 20
    """Newest lines that are kept of the conversation with someone in the lobby."""
    talk_every_s: float = 1.0
    """Someone in the lobby may send a line this often: each goes to all the staff."""
    roster_every_s: float = 0.1
    """Changes of the roster that follow each other more closely than this are shown together."""
    requests: int = 250
    """Requests that wait to be decided: more than the room has seats."""
    departures: int = 400
    """Newest departures that are shown; the audit log has all of them."""
    sessions: int = 800
    """WebSockets at once, including those that have not said `hello` yet."""
    sessions_of_network: int = 450
    """Of one address, or one /64 in IPv6: a full room behind one, with every page open twice."""
    sessions_of_account: int = 6
    """Two devices, each with a page whose line is lost and one that comes back."""
    hello_s: float = 10.0
    heartbeat_s: float = 15.0
    """A dead connection is noticed after one and a half of these."""
    send_s: float = 10.0
    """A frame may take this long to send; a slower connection is closed and comes back by itself."""
    checks: int = 8
    """Line checks at once on the whole server: each may fill its line, and all together the building's."""
    check_s: float = 15.0
    check_every_s: float = 5.0
    """An account may begin a check this often: each costs a handshake."""
    offer_every_s: float = 1.0
    """An account may offer a media transport this often, with so many saved up:"""
    offers_at_once: int = 8
    departed: int = 256
    """Lost sessions whose unread messages are kept, for as long as the seat is."""
    inbox: int = 32
    outbox: int = 64
    messages_per_s: float = 20.0
    messages_burst: int = 60
    """Far more than an operator who presses "admit" forty times in a row."""
    message_bytes_per_s: float = 64 * 1024.0
    message_bytes_burst: int = 1 << 20
    """After decompression: a small frame may be a large message."""
    excess: int = 100
    """Messages that are refused as too fast before the session is closed."""
    media_s: float = 5.0
    """A media worker that has not answered in this time is treated as lost."""
    store_s: float = 5.0
    health_s: float = 2.0


DEFAULT = Limits()
