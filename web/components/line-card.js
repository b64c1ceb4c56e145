import { el, icon, setIcon, setText } from '../js/dom.js';

/**
 * How the line to the server is: its state in words, and the delay that was measured, if one was. Nothing else is claimed.
 * @param {import('../js/app.js').App} app
 * @param {AbortSignal} signal
 * @returns {HTMLElement}
 */
export function lineCard(app, signal) {
  const sign = icon('signal');
  const words = el('b', { role: 'status' });
  const delay = el('span', { class: 'num nw', 'data-testid': 'green-delay' });
  const advice = el('span', { class: 'note soft' });
  const card = el('div', { class: 'card line', 'data-testid': 'green-line' }, sign, words, delay, advice);
  const show = () => {
    const { online, delayMs } = app.state;
    const well = online === 'online';
    card.classList.toggle('card-warn', !well);
    card.dataset.online = online;
    setIcon(sign, well ? 'signal' : 'lost');
    setText(words, app.t(`green.line-${online}`));
    setText(delay, well && delayMs !== null ? app.t('green.delay', { ms: Math.round(delayMs) }) : '');
    setText(advice, app.t(well ? 'green.line-well' : 'green.line-do'));
  };
  app.subscribe(show, signal);
  show();
  return card;
}
