/** The buttons that both the lobby and the call have. */
import { fillWith, h, icon, set } from './dom.js';
import { t } from './words.js';

/** @typedef {import('./media.js').Media} Media */

/**
 * The microphone's button: on, muted, or not there.
 *
 * @param {Media} media
 */
export function microphoneButton(media) {
  const button = h('button', { class: 'ctl', type: 'button', 'data-testid': 'toggle-microphone', onclick: () => void media.setMicrophone(!isOn()) });
  const isOn = () => media.microphone.on && media.microphone.track !== null;
  return toggle(button, () => {
    const label = isOn() ? 'control.micOn' : media.microphone.problem === null && media.microphone.track !== null ? 'control.micOff' : 'control.micNone';
    return { on: isOn(), icon: isOn() ? 'mic' : 'mic-off', label: t(label), tip: t(isOn() ? 'control.mute' : 'control.unmute') };
  });
}

/** @param {Media} media */
export function cameraButton(media) {
  const button = h('button', { class: 'ctl', type: 'button', 'data-testid': 'toggle-camera', onclick: () => void media.setCamera(!isOn()) });
  const isOn = () => media.camera.on && media.camera.track !== null;
  return toggle(button, () => {
    const label = isOn() ? 'control.camOn' : media.camera.problem === null ? 'control.camOff' : 'control.camNone';
    return { on: isOn(), icon: isOn() ? 'cam' : 'cam-off', label: t(label), tip: t(isOn() ? 'control.stopCamera' : 'control.startCamera') };
  });
}

/**
 * @param {HTMLButtonElement} button
 * @param {() => { on: boolean, icon: import('./dom.js').IconName, label: string, tip: string }} look
 */
function toggle(button, look) {
  /** @type {string | undefined} */
  let shown;
  function update() {
    const { on, icon: name, label, tip } = look();
    button.classList.toggle('off', !on);
    set(button, { 'aria-pressed': String(on), 'aria-label': label, title: tip, 'data-on': String(on) });
    if (shown !== name) fillWith(button, icon(name));
    shown = name;
  }
  update();
  return { root: button, update };
}

/**
 * The own picture, as in a mirror.
 *
 * @param {Media} media
 */
export function selfVideo(media) {
  const video = h('video', { class: 'video mirror', autoplay: true, playsinline: true, 'aria-label': t('call.localVideo'), 'data-testid': 'video-local' });
  video.muted = true;
  function update() {
    show(video, [media.camera.track]);
    video.hidden = media.camera.track === null;
  }
  update();
  return { root: video, update };
}

/**
 * Shows tracks in an element; those it shows already stay untouched.
 *
 * @param {HTMLVideoElement} video
 * @param {readonly (MediaStreamTrack | null)[]} tracks
 */
export function show(video, tracks) {
  const wanted = tracks.filter((track) => track !== null);
  const present = video.srcObject instanceof MediaStream ? video.srcObject.getTracks() : [];
  if (wanted.length === present.length && wanted.every((track) => present.includes(track))) return;
  video.srcObject = wanted.length === 0 ? null : new MediaStream(wanted);
}
