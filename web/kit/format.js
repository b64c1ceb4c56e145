/** Numbers, times and durations in the words of the chosen language. */

/** @typedef {import('./i18n.js').Language} Language */

export const LOCALE = { vi: 'vi-VN', en: 'en-GB' };

/**
 * mm:ss, or h:mm:ss from one hour on.
 * @param {number} ms never shown below zero
 */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = `${String(m).padStart(2, '0')}:${String(s).padStart(2, '0')}`;
  return h ? `${h}:${tail}` : tail;
}

/** 07:45 @param {number} unixMs @param {Language} language */
export function clock(unixMs, language) {
  return new Intl.DateTimeFormat(LOCALE[language], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(unixMs);
}

/** "12,5 MB" @param {number} bytes @param {Language} language */
export function size(bytes, language) {
  const megabytes = bytes / 1e6;
  const [value, unit] = megabytes < 1000 ? [megabytes, 'MB'] : [megabytes / 1000, 'GB'];
  return `${new Intl.NumberFormat(LOCALE[language], { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)} ${unit}`;
}

/** Thứ Sáu, 28/11/2025 @param {number} unixMs @param {Language} language */
export function day(unixMs, language) {
  return new Intl.DateTimeFormat(LOCALE[language], { weekday: 'long', day: '2-digit', month: '2-digit', year: 'numeric' }).format(unixMs);
}
