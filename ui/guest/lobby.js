/** The lobby: what others will see, the name, the devices, Join. Nothing is sent while it is open. */
import { MAX_ID_CHARS } from './address.js';
import { cameraButton, microphoneButton, selfVideo } from './controls.js';
import { deviceRow, isPickable } from './device-row.js';
import { brandMark, fillWith, h, icon, set } from './dom.js';
import { watchLevel } from './level.js';
import { hasDevices } from './media.js';
import { recall } from './memory.js';
import { REPOSITORY } from './pages.js';
import { t } from './words.js';

/** @typedef {import('./media.js').Media} Media */
/**
 * @typedef {object} LobbyOptions
 * @property {string} room
 * @property {Media} media
 * @property {string | null} duetLink
 * @property {(name: string) => void} onjoin
 */

/** @param {LobbyOptions} options */
export function lobby({ room, media, duetLink, onjoin }) {
  const rows = /** @type {const} */ (['camera', 'microphone', 'speaker']).filter(isPickable).map((kind) => deviceRow(kind, media));
  const preview = previewPane(media);
  const name = h('input', { value: recall('name'), maxlength: MAX_ID_CHARS, autocomplete: 'name', spellcheck: 'false', 'data-testid': 'lobby-name' });
  const join = h('button', { class: 'btn primary lg block', type: 'submit', 'data-testid': 'lobby-join' });
  const form = h(
    'form',
    {
      class: 'form',
      onsubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        onjoin(name.value);
      },
    },
    h('div', {}, h('h1', { class: 't-2xl' }, t('lobby.title')), h('div', { class: 'row muted room' }, h('span', {}, t('lobby.room')), h('b', { class: 'ell', 'data-testid': 'lobby-room' }, room))),
    h('label', { class: 'nm' }, h('span', { class: 'label' }, t('lobby.name')), h('span', { class: 'field' }, name)),
    ...rows.map(({ root }) => root),
    h('div', { class: 'go' }, join),
    alternatives(duetLink),
  );
  const root = h('div', { class: 'lobby', 'data-testid': 'screen-lobby' }, header(), h('main', { class: 'lb' }, form, preview.root));
  const stopLevel = hasDevices() ? watchLevel(() => media.microphone.track, (level) => rows[1]?.showLevel(level)) : () => {};

  function update() {
    for (const row of rows) row.update();
    preview.update();
    const listens = media.camera.track === null && media.microphone.track === null;
    fillWith(join, t(listens ? 'guest.joinListen' : 'lobby.join'));
  }

  update();
  return { root, update, stop: stopLevel, focus: () => (name.value === '' ? name : join).focus() };
}

export const header = () => h('header', { class: 'bar' }, h('span', { class: 'brand' }, brandMark(), t('app.name')));

/** The application, for those who have it and those who might. @param {string | null} duetLink */
function alternatives(duetLink) {
  return h(
    'p',
    { class: 'sm muted other' },
    h('span', {}, t('guest.inBrowser')),
    duetLink !== null && h('a', { href: duetLink, 'data-testid': 'open-in-duet' }, t('guest.openInDuet')),
    h('a', { href: REPOSITORY, target: '_blank', rel: 'noopener noreferrer' }, t('guest.getDuet')),
  );
}

/** @param {Media} media */
function previewPane(media) {
  if (!hasDevices()) return { root: insecurePane(), update: () => {} };
  const video = selfVideo(media);
  const buttons = [microphoneButton(media), cameraButton(media)];
  const note = h('span', { class: 'chip note' }, icon('eye-off', 16), t('lobby.onlyYou'));
  const problem = h('div', { class: 'prob' });
  const root = h('section', { class: 'stage pv', 'aria-label': t('lobby.preview') }, video.root, problem, note, h('div', { class: 'controls' }, ...buttons.map((button) => button.root)));

  function update() {
    video.update();
    for (const button of buttons) button.update();
    const isShown = media.camera.track !== null;
    root.classList.toggle('nocam', !isShown);
    set(note, { hidden: !isShown });
    set(problem, { hidden: isShown, role: media.camera.problem === null ? null : 'alert' });
    fillWith(problem, ...(isShown ? [] : reason(media)));
  }
  return { root, update };
}

/** Why there is no picture, and what to do. @param {Media} media */
function reason(media) {
  const { problem, on } = media.camera;
  const sign = h('span', { class: 'big' }, icon('cam-off'));
  if (problem === null) {
    const [title, text] = on ? [t('guest.asking'), t('guest.askingText')] : [t('lobby.cameraOff'), t('lobby.cameraOffText')];
    return [sign, h('h2', { class: 't-xl' }, title), h('p', {}, text)];
  }
  const text = problem === 'notAllowed' ? t('guest.notAllowedText') : t(`problem.camera.${problem}.text`);
  const retry = h('button', { class: 'btn', type: 'button', 'data-testid': 'camera-retry', onclick: () => void retryBoth(media) }, icon('refresh', 20), t('common.retry'));
  return [sign, h('h2', { class: 't-xl', 'data-testid': 'camera-problem', 'data-problem': problem }, t(`problem.camera.${problem}.title`)), h('p', {}, text), retry];
}

/** What kept the camera away mostly kept the microphone away, too. @param {Media} media */
async function retryBoth(media) {
  await media.open('camera');
  if (media.microphone.problem !== null) await media.open('microphone');
}

/** A page without TLS: why there is no camera, and the ways out. */
function insecurePane() {
  return h(
    'section',
    { class: 'stage pv nocam insecure', 'aria-label': t('lobby.preview'), 'data-testid': 'insecure' },
    h(
      'div',
      { class: 'prob', role: 'alert' },
      h('span', { class: 'big' }, icon('lock')),
      h('h2', { class: 't-xl' }, t('guest.insecure.title')),
      h('p', {}, t('guest.insecure.text')),
      h('ul', {}, ...['guest.insecure.listen', 'guest.insecure.duet', 'guest.insecure.operator'].map((key) => h('li', {}, t(/** @type {import('./words.js').Key} */ (key))))),
    ),
  );
}
