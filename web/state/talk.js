/** Messages between somebody in the lobby and the staff: how many are new. Pure. */

/** @typedef {import('../protocol/views.js').TalkLine} TalkLine */

/**
 * How many messages from the other side came after the last one that was seen.
 * @param {readonly TalkLine[]} lines oldest first
 * @param {number} seen Unix milliseconds of the newest line seen; 0: none
 * @param {boolean} staff whether the reader is staff
 */
export function unread(lines, seen, staff) {
  return lines.filter((line) => line.staff !== staff && line.at > seen).length;
}

/** When the newest message was sent; 0: there is none. @param {readonly TalkLine[]} lines */
export function newest(lines) {
  return lines.reduce((latest, line) => Math.max(latest, line.at), 0);
}
