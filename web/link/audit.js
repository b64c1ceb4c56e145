/** Reading the log of one meeting, over HTTP. The server's answer is checked like anything else that arrives. */

import { readJson, record } from './http.js';

/** How many of the newest entries are shown. A briefing has a few hundred; the file has all of them. */
const MAX_ENTRIES = 2000;
const MAX_PAGES = 12;

/** @typedef {{number: number, at: number, event: string, login: string, address: string, words: readonly string[]}} Entry */

/**
 * The log of a meeting, the newest entry first.
 * @param {string} meeting
 * @returns {Promise<readonly Entry[] | null>} null: it cannot be read
 */
export async function auditOf(meeting) {
  /** @type {Entry[]} */
  const entries = [];
  let from = `last=${MAX_ENTRIES}`;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = readPage(await readJson(`/api/audit?meeting=${encodeURIComponent(meeting)}&${from}`));
    if (!answer) return null;
    entries.push(...answer.entries);
    from = `after=${answer.after}`;
    if (!answer.more) break;
  }
  return entries.reverse();
}

/**
 * @param {string} meeting
 * @param {'csv' | 'jsonl'} form
 */
export function auditFile(meeting, form) {
  return `/api/audit.${form}?meeting=${encodeURIComponent(meeting)}`;
}

/**
 * One page as the server sends it, without entries that cannot be read.
 * @param {unknown} value
 * @returns {{entries: Entry[], after: number, more: boolean} | null}
 */
export function readPage(value) {
  const page = record(value);
  if (!page || !Array.isArray(page.entries) || typeof page.after !== 'number') return null;
  const entries = page.entries.map((one) => readEntry(record(record(one)?.entry))).filter((one) => one !== null);
  return { entries, after: page.after, more: page.more === true };
}

/** @param {Record<string, unknown> | null} entry @returns {Entry | null} */
function readEntry(entry) {
  if (!entry || typeof entry.number !== 'number' || typeof entry.unix_ms !== 'number' || typeof entry.event !== 'string') return null;
  const words = Array.isArray(entry.words) ? entry.words.map((pair) => (Array.isArray(pair) ? text(pair[1]) : '')).filter(Boolean) : [];
  return { number: entry.number, at: entry.unix_ms, event: eventOf(entry.event, entry.fields), login: text(entry.login), address: text(entry.address), words };
}

/** The event `locked` also stands for unlocking. @param {string} event @param {unknown} fields pairs */
function eventOf(event, fields) {
  const off = Array.isArray(fields) && fields.some((pair) => Array.isArray(pair) && pair[0] === 'on' && pair[1] === 0);
  return event === 'locked' && off ? 'unlocked' : event;
}

/** @param {unknown} value */
function text(value) {
  return typeof value === 'string' ? value : '';
}
