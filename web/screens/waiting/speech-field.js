import { el, icon, setText } from '../../kit/dom.js';
import { draftOf } from './draft.js';

const MAX_TOPIC_LENGTH = 120;

/**
 * Registers a speech before admission; it joins the queue on admission. Null for the chair, who always has the floor, and
 * for technicians, who have no microphone.
 * @param {import('../../app/app.js').App} app
 * @param {AbortSignal} signal
 * @returns {HTMLElement | null}
 */
export function speechField(app, signal) {
  const { t } = app;
  const role = app.state.welcome?.role;
  if (role === 'chair' || role === 'technician') return null;
  const draft = draftOf(app.state);
  const said = el('p', { class: 'note', role: 'status' }, draft.speech && t('speech.saved'));
  const topic = el('input', { class: 'input', maxlength: MAX_TOPIC_LENGTH, autocomplete: 'off', 'data-testid': 'speech-topic',
    'aria-label': t('speech.topic'), placeholder: t('speech.topic') });
  topic.value = draft.speech;
  const back = el('button', { class: 'btn btn-quiet', type: 'button', hidden: !draft.speech, 'data-testid': 'speech-withdraw', onclick: () => {
    if (!app.send({ type: 'lower-hand' })) return keep(draft.speech, 'why.offline');
    topic.value = '';
    keep('', 'speech.withdrawn');
  } }, t('speech.withdraw'));
  /** @param {string} registered @param {string} words */
  const keep = (registered, words) => {
    draft.speech = registered;
    back.hidden = !registered;
    setText(said, t(words));
  };
  const save = () => {
    const text = topic.value.trim();
    if (!text) {
      topic.focus();
      return setText(said, t('speech.topic-missing'));
    }
    if (app.send({ type: 'register-speech', topic: text })) keep(text, 'speech.saved');
    else setText(said, t('why.offline'));
  };
  // The field is inside the form that knocks.
  topic.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.isComposing) return;
    event.preventDefault();
    save();
  }, { signal });
  app.subscribe((state, before) => {
    const { refusal } = state;
    if (refusal && refusal !== before.refusal && refusal.re === 'register-speech') keep('', `why.${refusal.code}`);
  }, signal);
  return el('details', { class: 'speech', open: Boolean(draft.speech) },
    el('summary', null, icon('hand', 'icon-s'), t('speech.title')),
    el('div', { class: 'speech-line' }, topic,
      el('button', { class: 'btn', type: 'button', 'data-testid': 'speech-save', onclick: save }, t('speech.save'))),
    said, back);
}
