/** The few things that outlive the page. Storage that is full or forbidden only forgets them. */

/**
 * The language for this browser; whether the bell rings for the lobby; whether the camera was on in this tab, and what it
 * wants to receive; that somebody has signed in, so that it is worth asking the server who.
 * @typedef {'language' | 'camera' | 'reception' | 'signed-in' | 'bell'} Choice
 */

/** @param {Choice} choice @returns {string | null} */
export function remembered(choice) {
  try {
    return storage(choice).getItem(`giaoban.${choice}`);
  } catch {
    return null;
  }
}

/** @param {Choice} choice @param {string} value */
export function remember(choice, value) {
  try {
    storage(choice).setItem(`giaoban.${choice}`, value);
  } catch {
    // The choice holds for this page.
  }
}

/** @param {Choice} choice */
export function forget(choice) {
  try {
    storage(choice).removeItem(`giaoban.${choice}`);
  } catch {
    // It was not remembered either.
  }
}

/** @param {Choice} choice @returns {Storage} */
function storage(choice) {
  return choice === 'camera' || choice === 'reception' ? sessionStorage : localStorage;
}
