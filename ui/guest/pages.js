/** The pages around a call: type a room, no such room, full, failed, ended. One column, one main action. */
import { pathOf, typedRoom } from './address.js';
import { clockTime } from '../src/names.js';
import { refusalKey } from '../src/refusals.js';
import { avatar, brandMark, h, icon, say, seatedFigure, set } from './dom.js';
import { t } from './words.js';

/** @typedef {import('./call.js').Call} Call */

/** Where Duet is to be had. */
export const REPOSITORY = 'https://github.com/duet-call/duet';

/**
 * @param {string} testid
 * @param {...import('./dom.js').Child} children
 */
function column(testid, ...children) {
  const root = h('div', { class: 'page', 'data-testid': testid }, h('header', { class: 'bar' }, h('span', { class: 'brand' }, brandMark(), t('app.name'))), h('main', { class: 'column' }, ...children));
  return { root, update: () => {}, stop: () => {}, focus: () => root.querySelector(/** @type {'input'} */ ('input, .primary'))?.focus() };
}

/**
 * The front page, and the one for a link that leads to no room.
 *
 * @param {boolean} isBadLink
 */
export function home(isBadLink) {
  const input = h('input', { 'aria-label': t('guest.roomField'), placeholder: t('guest.roomField'), autocomplete: 'off', spellcheck: 'false', 'data-testid': 'room-field' });
  const field = h('div', { class: 'field big' }, input, h('button', { class: 'btn primary', type: 'submit', 'data-testid': 'room-join' }, t('home.join')));
  const hint = h('p', { class: 'hint bad', role: 'alert', hidden: true, 'data-testid': 'room-hint' });
  const form = h(
    'form',
    {
      class: 'room-form',
      onsubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        const room = typedRoom(input.value);
        if (room !== null) location.assign(pathOf(room));
        set(hint, { hidden: room !== null });
        field.classList.toggle('bad', room === null);
        say(hint, t(input.value.trim() === '' ? 'guest.roomEmpty' : 'guest.roomBad'));
      },
    },
    field,
    hint,
  );
  const title = t(isBadLink ? 'guest.badLink.title' : 'home.title');
  const text = t(isBadLink ? 'guest.badLink.text' : 'guest.roomText');
  return column(isBadLink ? 'screen-bad-link' : 'screen-home', h('h1', { class: 't-2xl' }, title), h('p', {}, text), form);
}

/** The server would refuse this page's connection; its operator can mend that. */
export function notAdmitted() {
  const text = t('guest.notAdmitted.text', { origin: location.origin });
  return column('screen-not-admitted', sign('server-off'), h('div', { role: 'alert' }, h('h1', { class: 't-2xl' }, t('guest.notAdmitted.title')), h('p', {}, text)));
}

export function noCalls() {
  return column('screen-no-calls', sign('warn'), h('div', { role: 'alert' }, h('h1', { class: 't-2xl' }, t('guest.noCalls.title')), h('p', {}, t('guest.noCalls.text'))), link('guest.getDuet', REPOSITORY));
}

/**
 * @param {string} room
 * @param {() => void} onretry
 */
export function roomFull(room, onretry) {
  const seat = () => h('span', {}, seatedFigure());
  return column(
    'screen-full',
    h('div', { class: 'two', 'aria-hidden': 'true' }, seat(), seat()),
    h('div', { role: 'status' }, h('h1', { class: 't-2xl' }, t('full.title')), h('p', {}, t('full.text', { room }))),
    h('div', { class: 'acts' }, h('button', { class: 'btn primary', type: 'button', 'data-testid': 'full-retry', onclick: onretry }, t('full.tryAgain')), h('a', { class: 'btn', href: '/' }, t('full.another'))),
  );
}

/**
 * @param {Call} call
 * @param {() => void} onretry
 */
export function failed(call, onretry) {
  const code = call.failure ?? 'internal';
  return column(
    'screen-failed',
    sign(code === 'serverUnreachable' ? 'server-off' : 'warn'),
    h('div', { role: 'alert', 'data-testid': 'failure', 'data-code': code }, h('h1', { class: 't-2xl' }, t('failed.title')), h('p', {}, failureText(code, call.failureCode))),
    h('div', { class: 'acts' }, h('button', { class: 'btn primary', type: 'button', 'data-testid': 'failed-retry', onclick: onretry }, t('common.retry'))),
  );
}

/**
 * @param {Call} call
 * @param {string} room
 * @param {() => void} onrejoin
 */
export function ended(call, room, onrejoin) {
  const name = call.peer?.name ?? '';
  const title = call.durationMs === 0 ? t('ended.nobody', { room }) : name === '' ? t('ended.title') : t('ended.with', { name });
  return column(
    'screen-ended',
    avatar(name === '' ? room : name, true),
    h('h1', { class: 't-xl muted ended' }, title),
    call.durationMs > 0 && h('div', { class: 'hero num', 'data-testid': 'duration' }, clockTime(call.durationMs)),
    h('div', { class: 'acts' }, h('button', { class: 'btn primary lg', type: 'button', 'data-testid': 'rejoin', onclick: onrejoin }, t('ended.rejoin'))),
  );
}

/**
 * @param {import('./call-types.js').Failure} code
 * @param {string} serverCode
 */
function failureText(code, serverCode) {
  switch (code) {
    case 'serverUnreachable':
      return t('guest.failed.serverUnreachable', { host: location.host });
    case 'notAllowed':
      return t('guest.failed.notAllowed');
    case 'rateLimited':
      return t('guest.failed.rateLimited');
    case 'refused':
      return refusedText(serverCode);
    case 'replaced':
    case 'reconnectTimedOut':
    case 'connectionFailed':
    case 'internal':
      return t(`failed.${code}`);
  }
}

/** @param {string} serverCode */
function refusedText(serverCode) {
  const key = refusalKey(serverCode);
  // Here it is the page that is too old or too new, and reloading it helps.
  return t(key === 'failed.refusedForeign' ? 'guest.failed.refusedForeign' : key, { code: serverCode });
}

/** @param {import('./dom.js').IconName} name */
const sign = (name) => h('span', { class: 'sign', 'aria-hidden': 'true' }, icon(name));

/**
 * @param {import('./words.js').Key} key
 * @param {string} href
 */
const link = (key, href) => h('a', { class: 'btn', href, target: '_blank', rel: 'noopener noreferrer' }, t(key));
