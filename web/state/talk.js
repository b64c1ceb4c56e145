/** What was said between one who waits and the office: what of it is new to whoever reads. Pure. */

/** @typedef {import('../protocol/views.js').TalkLine} TalkLine */

/**
 * How many lines of the other side came after the last one that was seen.
 * @param {readonly TalkLine[]} lines oldest first
 * @param {number} seen Unix milliseconds of the newest line seen; 0: none
 * @param {boolean} staff which side reads
 */
export function unread(lines, seen, staff) {
  return lines.filter((line) => line.staff !== staff && line.at > seen).length;
}

/** When the newest line was said; 0: nothing was. @param {readonly TalkLine[]} lines */
export function newest(lines) {
  return lines.reduce((latest, line) => Math.max(latest, line.at), 0);
}
