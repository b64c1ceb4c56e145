// Makes a page wish for twelve tiles, as a wall of screens would: to those it shows come others of the meeting.
(others) => {
  const MOST = 12;
  let last = null;
  const more = (shown) => others.filter((one) => !shown.includes(one)).slice(0, Math.max(0, MOST - shown.length));
  const own = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    const message = typeof data === 'string' && data.includes('"show') ? JSON.parse(data) : null;
    if (message?.type === 'show-tiles') {
      message.participants.push(...more(message.participants));
    } else if (message?.type === 'show' && message.tiles.length) {
      const { height } = message.tiles.at(-1);
      const added = more(message.tiles.map((tile) => tile.participant));
      message.tiles.push(...added.map((participant) => ({ participant, height })));
    } else {
      return own.call(this, data);
    }
    last = { socket: this, data };
    return own.call(this, JSON.stringify(message));
  };
  /** Of the others this one first. */
  window.wishFirst = (participant) => {
    others = [participant, ...others.filter((one) => one !== participant)];
    last?.socket.send(last.data);
  };
}
