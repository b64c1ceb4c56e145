/** The few things that outlive the page. If storage is full or forbidden, they are merely forgotten. */

/**
 * For this browser: the language, whether the bell rings for the lobby, and that somebody has signed in (then it is worth
 * asking the server who). For this tab: whether the camera was on, and what to receive.
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
    // It still holds until the page is closed.
  }
}

/** @param {Choice} choice */
export function forget(choice) {
  try {
    storage(choice).removeItem(`giaoban.${choice}`);
  } catch {
    // Then it was not remembered either.
  }
}

/** @param {Choice} choice @returns {Storage} */
function storage(choice) {
  return choice === 'camera' || choice === 'reception' ? sessionStorage : localStorage;
}
