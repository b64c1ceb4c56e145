"""Who is in which slot at an instant of a recording, followed entry by entry. Without I/O."""

from recorder.format.blocks import Track
from recorder.format.entries import (
    AnyEntry,
    FloorEntry,
    GapEntry,
    MarkEntry,
    OpeningEntry,
    PeopleEntry,
    PersonItem,
    SlotsEntry,
)
from sfu import EndpointId

VOICES = (Track.VOICE_1, Track.VOICE_2, Track.VOICE_3)


class Presence:
    """The slots, the names and the floor, according to the entries so far."""

    def __init__(self) -> None:
        self._slots: dict[int, EndpointId] = {}
        self._people: dict[EndpointId, PersonItem] = {}
        """People who left stay in it: their names are needed for a moment longer."""
        self.holders: tuple[EndpointId, ...] = ()
        self.known = False
        """Whether an entry has said who is in the slots."""

    def take(self, entry: AnyEntry) -> None:
        match entry:
            case SlotsEntry(slots=slots):
                self._slots = {each.track: each.endpoint for each in slots if each.endpoint is not None}
                self.known = True
            case PeopleEntry(people=people):
                self._people |= {person.endpoint: person for person in people}
            case FloorEntry(holders=holders):
                self.holders = holders
            case OpeningEntry() | MarkEntry() | GapEntry():
                pass

    def at(self, track: Track) -> EndpointId | None:
        """Who is in a slot."""
        return self._slots.get(track)

    def person(self, endpoint: EndpointId | None) -> PersonItem | None:
        """None if nobody, or if their name was never recorded."""
        return None if endpoint is None else self._people.get(endpoint)

    @property
    def speaker(self) -> EndpointId | None:
        """Whose name goes under the picture: the person on the stage; failing that, the one with the floor;
        failing that, the only one heard."""
        stage = self.at(Track.STAGE)
        if stage is not None:
            return stage
        if self.holders:
            return self.holders[0]
        heard = {self._slots[track] for track in VOICES if track in self._slots}
        return heard.pop() if len(heard) == 1 else None
