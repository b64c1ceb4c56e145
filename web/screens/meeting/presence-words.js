import { duration } from '../../kit/format.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../protocol/views.js').ParticipantView} ParticipantView */

/**
 * Why somebody is away, and for how long: "Mất tín hiệu 00:35", "Đã đóng trang 00:04".
 * @param {App} app
 * @param {ParticipantView} who not here
 */
export function presenceWord(app, who) {
  const time = awayFor(app, who);
  return app.t(who.presence === 'closed' ? 'presence.closed-for' : 'presence.lost-for', { time });
}

/** @param {App} app @param {ParticipantView} who not here */
export function awayFor(app, who) {
  return duration(who.away ? Date.now() + app.state.clockMs - who.away : 0);
}

/** The same without the time, for screen readers: said once. @param {App} app @param {ParticipantView} who */
export function presenceSaid(app, who) {
  return app.t(who.presence === 'closed' ? 'presence.closed' : 'presence.lost');
}
