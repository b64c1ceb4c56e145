import { el } from '../../kit/dom.js';
import { isHost, ownRole } from '../../state/people.js';
import { isInterrupted, objection } from '../../state/recording.js';
import { confirmation, sheet } from '../shared/dialog.js';
import { locks } from '../shared/recording-light.js';

/** @typedef {import('../../app/app.js').App} App */

/**
 * What chair and operator may do about the recording, for their menu.
 * @param {App} app
 * @param {(testid: string, name: string, words: string, does: () => void) => HTMLElement} act makes a button
 * @returns {HTMLElement[]}
 */
export function recordingActs(app, act) {
  const { state, t } = app;
  const now = state.recording.state;
  const goes = now === 'on' || now === 'paused' || now === 'starting';
  const marks = now === 'on' && isHost(ownRole(state)) ? [act('record-mark', 'edit', t('recording.mark'), () => void mark(app))] : [];
  if (ownRole(state) !== 'chair') return marks;
  if (!goes) {
    // Without the recorder nothing new can begin, but an interrupted recording can be ended.
    if (isInterrupted(state)) return [act('record-stop', 'stop', t('recording.stop'), () => void stop(app))];
    const dismiss = now === 'failed' ? [act('record-dismiss', 'close', t('recording.dismiss'), () => app.send({ type: 'stop-recording' }))] : [];
    return [act('record-start', 'record', t('recording.start'), () => void start(app)), ...dismiss];
  }
  const paused = now === 'paused';
  return [
    act(paused ? 'record-resume' : 'record-pause', paused ? 'record' : 'pause', t(paused ? 'recording.resume' : 'recording.pause'),
      () => app.send({ type: 'pause-recording', on: !paused })),
    ...marks,
    act('record-stop', 'stop', t('recording.stop'), () => void stop(app)),
  ];
}

/** Asks first, so that nobody starts by mistake: it names who can open the recording and says that everybody is told. @param {App} app */
async function start(app) {
  const { t } = app;
  const why = objection(app.state);
  if (why) {
    sheet(app, t('recording.start'), el('p', { 'data-testid': 'record-objection' }, t(`why.${why}`)));
    return;
  }
  const answer = await confirmation(app, { title: t('recording.start-title'), text: t('recording.start-text'), confirm: t('recording.start'), extra: locks(app) });
  if (answer !== null) app.send({ type: 'start-recording' });
}

/** @param {App} app */
async function stop(app) {
  const { t } = app;
  const answer = await confirmation(app, { title: t('recording.stop-title'), text: t('recording.stop-text'), confirm: t('recording.stop'), danger: true });
  if (answer !== null) app.send({ type: 'stop-recording' });
}

/** @param {App} app */
async function mark(app) {
  const { t } = app;
  const words = el('input', { class: 'input', maxlength: 120, 'data-testid': 'record-mark-text' });
  const answer = await confirmation(app, { title: t('recording.mark'), text: t('recording.mark-text'), confirm: t('recording.mark'),
    extra: el('label', { class: 'field' }, el('span', null, t('recording.mark-words')), words) });
  if (answer !== null) app.send({ type: 'mark-recording', text: words.value.trim() });
}
