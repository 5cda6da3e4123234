/**
 * What of the other is on the stage: the camera, or a name where there is none, or a shared screen with the camera as a tile.
 *
 * One video element carries the first picture and the sound together, so that the browser keeps them in step; it stays in the page
 * even while its picture is not shown.
 */
import { avatar, fillWith, h, say, set } from './dom.js';
import { show } from './controls.js';
import { t } from './words.js';

/** @typedef {import('./call.js').Call} Call */
/** @typedef {import('./media.js').Media} Media */

/**
 * @param {Call} call
 * @param {Media} media
 */
export function remoteStage(call, media) {
  const main = h('video', { class: 'video', autoplay: true, playsinline: true, 'data-testid': 'video-remote' });
  const tile = h('video', { class: 'video', autoplay: true, playsinline: true, 'data-testid': 'video-tile' });
  tile.muted = true;
  const face = h('div', { class: 'nopicture', 'data-testid': 'remote-camera-off' });
  const caption = h('span', { class: 'cap ell' });
  const small = h('div', { class: 'peer-tile', hidden: true, 'data-testid': 'peer-tile' }, tile, caption);
  const full = h('div', { class: 'full' }, main, face);
  const unlock = h('button', { class: 'btn primary', type: 'button', 'data-testid': 'play-sound', onclick: () => void play() }, t('guest.playSound'));
  const blocked = h('div', { class: 'held', role: 'alert', hidden: true }, h('p', {}, t('guest.soundHeld')), unlock);
  const root = h('div', { class: 'remote' }, full, small, blocked);
  /** @type {string} */
  let faceShown = '';

  /** A browser may hold sound back until the person has clicked. */
  async function play() {
    try {
      await main.play();
      blocked.hidden = true;
    } catch (error) {
      // Another picture in the place of this one interrupts, too; that is no refusal.
      blocked.hidden = /** @type {Error} */ (error).name !== 'NotAllowedError';
    }
  }
  main.addEventListener('loadedmetadata', () => void play());
  // Silent pictures may always play; another one in its place interrupts.
  tile.addEventListener('loadedmetadata', () => void tile.play().catch(() => undefined));

  function update() {
    const pictures = call.pictures();
    show(main, [pictures.audio, pictures.main]);
    show(tile, [pictures.tile]);
    if (main.srcObject !== null && main.paused && blocked.hidden) void play();
    void media.route(main);
    const isScreen = call.peer?.video === 'screen';
    const hasPicture = pictures.main !== null && (call.peer?.video === 'on' || isScreen);
    main.classList.toggle('contain', isScreen);
    const name = call.peer?.name || t('common.someone');
    set(main, { 'aria-label': t(isScreen ? 'guest.screenOf' : 'call.remoteVideo', { name }) });
    set(tile, { 'aria-label': t('call.remoteVideo', { name }) });
    say(caption, name);
    showFace(name);
    face.hidden = hasPicture;
    full.classList.toggle('frozen', call.kind === 'reconnecting');
    set(small, { hidden: !isScreen || pictures.tile === null });
    set(root, { hidden: !call.isLive });
  }

  /** @param {string} name */
  function showFace(name) {
    const text = call.peer?.video === 'lost' ? t('call.peerCameraLost', { name }) : t('call.peerCameraOff', { name });
    if (faceShown === name + text) return;
    faceShown = name + text;
    fillWith(face, avatar(name, true), h('p', { class: 't-xl' }, name), h('p', { class: 'muted' }, text));
  }

  update();
  return { root, update };
}

/**
 * The two seats before the call: ours, and the one that is empty, coming or left.
 *
 * @param {object} options
 * @param {Call} options.call
 * @param {string} options.room
 * @param {() => void} options.oncopy
 */
export function emptySeat({ call, room, oncopy }) {
  const title = h('h1', { class: 't-2xl' });
  const text = h('p', { class: 'muted' });
  const copy = h('button', { class: 'btn primary', type: 'button', 'data-testid': 'copy-invite', onclick: oncopy }, t('waiting.copyInvite'));
  const code = h('div', { class: 'code' }, h('b', { 'data-testid': 'room-name' }, room));
  const invite = h('div', { class: 'inv' }, h('div', { role: 'status' }, title, text), code, copy);
  const root = h('div', { class: 'seat empty' }, invite);

  function update() {
    const name = call.peer?.name || t('common.someone');
    const isComing = call.kind === 'joining' || call.kind === 'connecting';
    root.classList.toggle('empty', !isComing);
    title.classList.toggle('pulse', isComing);
    set(invite, { 'data-testid': call.kind === 'peerLeft' ? 'peer-left' : call.kind === 'waiting' ? 'waiting' : call.kind });
    set(code, { hidden: isComing });
    set(copy, { hidden: isComing });
    if (call.kind === 'joining') words(t('call.joining'), t('call.joiningText', { room }));
    else if (call.kind === 'connecting') words(t('call.connectingTo', { name }), call.isPeerAway ? t('reconnecting.peerAway', { name }) : '');
    else if (call.kind === 'peerLeft') words(t('peerLeft.title'), t(`peerLeft.${call.leaveReason}`, { name }));
    else words(t('waiting.title'), call.isServerThere ? t('waiting.text') : t('reconnecting.serverLost'));
  }

  /**
   * @param {string} first
   * @param {string} second
   */
  function words(first, second) {
    say(title, first);
    say(text, second);
  }

  update();
  return { root, update };
}
