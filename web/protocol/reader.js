/**
 * Reads what the server sends and believes nothing: every frame is checked against the table that is generated from the
 * server's own message types. The files in `signaling/protocol/schema/examples/` hold both sides to the same contract.
 */

import { DEFAULTS, MESSAGES, STRUCTS } from './shapes.js';
import { WORDS } from './words.js';

/** @typedef {import('./server.js').ServerMessage} ServerMessage */

/** What arrived is no message of this protocol. */
export class BadMessage extends Error {}

/** @type {Record<string, (value: unknown) => boolean>} */
const PRIMITIVES = {
  text: (value) => typeof value === 'string',
  flag: (value) => typeof value === 'boolean',
  integer: (value) => Number.isSafeInteger(value),
  whole: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
};

/**
 * Read one server frame. Throws BadMessage, nothing else.
 * @param {unknown} frame
 * @returns {ServerMessage}
 */
export function readUntrusted(frame) {
  const value = parsed(frame);
  if (!isObject(value) || typeof value.type !== 'string') throw new BadMessage('no type');
  const { type } = value;
  const struct = Object.hasOwn(MESSAGES, type) ? MESSAGES[type] : undefined;
  if (!struct) throw new BadMessage('unknown type');
  const message = { ...DEFAULTS[type], ...value };
  if (!fits(message, struct)) throw new BadMessage(`not a ${type}`);
  return /** @type {ServerMessage} */ (/** @type {unknown} */ (message));
}

/** @param {unknown} frame @returns {unknown} */
function parsed(frame) {
  if (typeof frame !== 'string') throw new BadMessage('not text');
  try {
    return JSON.parse(frame);
  } catch {
    throw new BadMessage('not JSON');
  }
}

/**
 * Whether a value is of this shape.
 * @param {unknown} value
 * @param {string} shape in the notation of STRUCTS
 * @returns {boolean}
 */
function fits(value, shape) {
  if (shape.endsWith('=')) return value === undefined || fits(value, shape.slice(0, -1));
  if (shape.endsWith('?')) return value === null || fits(value, shape.slice(0, -1));
  if (shape.endsWith('[]')) return Array.isArray(value) && value.every((one) => fits(one, shape.slice(0, -2)));
  const primitive = PRIMITIVES[shape];
  if (primitive) return primitive(value);
  const words = /** @type {Record<string, readonly string[]>} */ (WORDS)[shape];
  if (words) return typeof value === 'string' && words.includes(value);
  // Fields that a newer server adds are passed over.
  return isObject(value) && Object.entries(STRUCTS[shape] ?? {}).every(([field, of]) => fits(own(value, field), of));
}

/** @param {Record<string, unknown>} value @param {string} field */
function own(value, field) {
  return Object.hasOwn(value, field) ? value[field] : undefined;
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
