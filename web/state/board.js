/** The line board: everyone's line over the last minutes, as the server measures it. Pure. */

/** @typedef {import('../protocol/views.js').LinePoint} LinePoint */
/** @typedef {Readonly<Record<string, {points: readonly LinePoint[]}>>} Board by participant; the oldest point first */

/** Three minutes, a point every two seconds. */
export const MAX_POINTS = 90;

/**
 * The board after a message. Participants who are neither in the message nor in the room are dropped.
 * @param {Board} board
 * @param {import('../protocol/server.js').Lines} message
 * @param {readonly {id: string}[]} present
 * @returns {Board}
 */
export function withLines(board, message, present) {
  /** @type {Record<string, {points: readonly LinePoint[]}>} */
  const next = Object.create(null);
  if (!message.whole) for (const { id } of present) if (board[id]) next[id] = board[id];
  for (const { participant, points } of message.lines) {
    const before = message.whole ? [] : board[participant]?.points ?? [];
    const last = before.at(-1)?.at ?? -1;
    const newer = points.filter((point) => point.at > last);
    next[participant] = { points: [...before, ...newer].slice(-MAX_POINTS) };
  }
  return Object.freeze(next);
}
