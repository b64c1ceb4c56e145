import { el, fill } from '../js/dom.js';
import { clock, day, duration, size } from '../js/format.js';
import { recordingFile, recordingsKept } from '../js/recording.js';
import { sheet } from './gb-dialog.js';

/** @typedef {import('../js/app.js').App} App */
/** @typedef {import('../js/recording.js').Kept} Kept */

/**
 * The recordings that are kept, for chair and operator: when, how long, how large, whose key; the chair takes them home.
 * @param {App} app
 */
export function openRecordings(app) {
  const { t } = app;
  const rows = el('ol', { class: 'recordings scroll', tabindex: 0, 'data-testid': 'recordings', 'aria-busy': true }, el('li', { class: 'soft' }, t('recordings.reading')));
  sheet(app, t('recordings.title'), el('p', { class: 'note soft' }, t('recordings.text')), rows);
  void recordingsKept().then((answer) => {
    rows.setAttribute('aria-busy', 'false');
    fill(rows, answer?.recordings.length ? answer.recordings.map((one) => row(app, one, answer.mayDownload))
      : el('li', { class: 'soft' }, t(answer ? 'recordings.empty' : 'recordings.failed')));
  });
}

/** @param {App} app @param {Kept} one @param {boolean} mayDownload */
function row({ t, state: { language } }, one, mayDownload) {
  const length = one.on ? t('recordings.on') : one.ended ? duration(one.ended - one.begun) : t('recordings.cut');
  const facts = [length, size(one.octets, language), t('recordings.keys', { names: one.keys.join(', ') }),
    one.gone > 0 && t('recordings.gone', { day: day(one.gone, language) })];
  return el('li', { 'data-recording': one.id },
    el('span', { class: 'grow' }, el('b', null, `${day(one.begun, language)}, ${clock(one.begun, language)}`), el('span', null, one.title),
      el('small', { class: 'soft' }, facts.filter(Boolean).join(' · '))),
    mayDownload && !one.on && el('a', { class: 'btn', href: recordingFile(one.id), download: '', 'data-testid': 'recording-download' }, t('recordings.download')));
}
