/** Texts by key. `i18n/vi.json` and `i18n/en.json` are flat: {"door.continue": "Tiếp tục"}. */

/** @typedef {Record<string, string>} Catalogue */

export const LANGUAGES = /** @type {const} */ (['vi', 'en']);
/** @typedef {typeof LANGUAGES[number]} Language */

/**
 * The text with its {names} filled in. A name without a value stays as it is, so that somebody notices.
 * @param {string} text
 * @param {Record<string, string | number>} [params]
 */
export function fillIn(text, params = {}) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(params, name) ? String(params[name]) : whole));
}

/**
 * A function from key to text. A key that is missing from the catalogue gives the key itself.
 * @param {Catalogue} catalogue
 * @returns {(key: string, params?: Record<string, string | number>) => string}
 */
export function translator(catalogue) {
  return (key, params) => fillIn(Object.hasOwn(catalogue, key) ? catalogue[key] ?? key : key, params);
}

/**
 * The texts of one language, from our own server. Throws when the server cannot be reached: the page cannot start then.
 * @param {Language} language
 * @returns {Promise<Catalogue>}
 */
export async function load(language) {
  const response = await fetch(`/i18n/${language}.json`);
  if (!response.ok) throw new Error(`texts ${language}: ${response.status}`);
  return response.json();
}
