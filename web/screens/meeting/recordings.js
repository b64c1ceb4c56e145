import { el, fill } from '../../kit/dom.js';
import { clock, day, duration, size } from '../../kit/format.js';
import { sheet } from '../shared/dialog.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../app/app.js').StoredRecording} StoredRecording */

/**
 * The recordings on the server, for chair and operator: when, how long, how large, whose key. The chair can download them.
 * @param {App} app
 */
export function openRecordings(app) {
  const { t } = app;
  const rows = el('ol', { class: 'recordings scroll', tabindex: 0, 'data-testid': 'recordings', 'aria-busy': true }, el('li', { class: 'soft' }, t('recordings.reading')));
  sheet(app, t('recordings.title'), el('p', { class: 'note soft' }, t('recordings.text')), rows);
  void app.recordings().then((answer) => {
    rows.setAttribute('aria-busy', 'false');
    fill(rows, answer?.recordings.length ? answer.recordings.map((one) => row(app, one, answer.mayDownload))
      : el('li', { class: 'soft' }, t(answer ? 'recordings.empty' : 'recordings.failed')));
  });
}

/** @param {App} app @param {StoredRecording} one @param {boolean} mayDownload */
function row(app, one, mayDownload) {
  const { t, state: { language } } = app;
  const length = one.on ? t('recordings.on') : one.ended ? duration(one.ended - one.begun) : t('recordings.cut');
  const facts = [length, size(one.bytes, language), t('recordings.keys', { names: one.keys.join(', ') }),
    one.gone > 0 && t('recordings.gone', { day: day(one.gone, language) })];
  return el('li', { 'data-recording': one.id },
    el('span', { class: 'grow' }, el('b', null, `${day(one.begun, language)}, ${clock(one.begun, language)}`), el('span', null, one.title),
      el('small', { class: 'soft' }, facts.filter(Boolean).join(' · '))),
    mayDownload && !one.on && el('a', { class: 'btn', href: app.recordingFile(one.id), download: '', 'data-testid': 'recording-download' }, t('recordings.download')));
}
