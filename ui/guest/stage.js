/**
 * What of the other is on the stage: the camera, or a name where there is none, or a shared screen with the camera as a tile.
 *
 * One video element carries camera and sound together, so that the browser keeps lips and voice in step; it stays in the page
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
  const camera = h('video', { class: 'video', autoplay: true, playsinline: true, 'data-testid': 'video-remote' });
  const screen = h('video', { class: 'video contain', autoplay: true, playsinline: true, 'data-testid': 'video-screen' });
  screen.muted = true;
  const face = h('div', { class: 'nopicture', 'data-testid': 'remote-camera-off' });
  const small = h('div', { class: 'peer-tile' });
  const full = h('div', { class: 'full' });
  const unlock = h('button', { class: 'btn primary', type: 'button', 'data-testid': 'play-sound', onclick: () => void play() }, t('guest.playSound'));
  const blocked = h('div', { class: 'held', role: 'alert', hidden: true }, h('p', {}, t('guest.soundHeld')), unlock);
  const root = h('div', { class: 'remote' }, full, small, blocked);
  /** @type {string} */
  let faceShown = '';

  /** A browser may hold sound back until the person has clicked. */
  async function play() {
    try {
      await camera.play();
      blocked.hidden = true;
    } catch (error) {
      // Another picture in the place of this one interrupts, too; that is no refusal.
      blocked.hidden = /** @type {Error} */ (error).name !== 'NotAllowedError';
    }
  }
  camera.addEventListener('loadedmetadata', () => void play());

  function update() {
    const pictures = call.pictures();
    show(camera, [pictures.audio, pictures.camera]);
    show(screen, [pictures.screen]);
    if (camera.srcObject !== null && camera.paused && blocked.hidden) void play();
    void media.route(camera);
    const hasScreen = pictures.screen !== null;
    const hasCamera = pictures.camera !== null && (call.peer?.video === 'on' || call.peer?.video === 'screen');
    camera.classList.toggle('contain', call.peer?.video === 'screen' && !hasScreen);
    const name = call.peer?.name || t('common.someone');
    set(camera, { 'aria-label': t('call.remoteVideo', { name }) });
    set(screen, { 'aria-label': t('guest.screenOf', { name }) });
    showFace(name);
    place(full, hasScreen ? screen : camera);
    place(small, hasScreen ? camera : null);
    if (!hasScreen) screen.remove();
    face.hidden = hasScreen || hasCamera;
    if (face.parentElement !== full) full.append(face);
    full.classList.toggle('frozen', call.kind === 'reconnecting');
    set(small, { hidden: !hasScreen || !hasCamera });
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
 * Moves an element only if it is elsewhere: moving stops a video.
 *
 * @param {Element} parent
 * @param {HTMLVideoElement | null} video
 */
function place(parent, video) {
  if (video === null || video.parentElement === parent) return;
  parent.prepend(video);
  void video.play().catch(() => undefined);
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
