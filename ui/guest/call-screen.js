/** The call: the stage with what lies on it, the controls, the texts beside it. */
import { chatPanel } from './chat-panel.js';
import { cameraButton, microphoneButton, selfVideo } from './controls.js';
import { copyText } from '../src/clipboard.js';
import { deviceRow, isPickable } from './device-row.js';
import { avatar, fillWith, h, icon, say, set } from './dom.js';
import { clockTime } from '../src/names.js';
import { toolbar } from '../src/lib/roving.js';
import { recall } from './memory.js';
import { RECONNECT_LIMIT_MS } from './recovery.js';
import { emptySeat, remoteStage } from './stage.js';
import { t, tn } from './words.js';

/** @typedef {import('./call.js').Call} Call */
/** @typedef {import('./media.js').Media} Media */
/**
 * @typedef {object} CallScreenOptions
 * @property {Call} call
 * @property {Media} media
 * @property {boolean} maySend
 * @property {string} room
 * @property {string} invite
 * @property {{ open: boolean }} chatState
 */

/** @param {CallScreenOptions} options */
export function callScreen({ call, media, maySend, room, invite, chatState }) {
  const remote = remoteStage(call, media);
  const seat = emptySeat({ call, room, oncopy: () => void copy() });
  const own = ownSeat(media);
  const wait = h('div', { class: 'wait' }, own.root, seat.root);
  const tile = ownTile(media, maySend);
  const top = topBar(call, room);
  const reconnecting = reconnectingPane(call);
  const toast = h('div', { class: 'pos' });
  const devices = deviceDialog(media);
  const chat = chatPanel(call, () => openChat(false));
  const buttons = maySend ? [microphoneButton(media), cameraButton(media)] : [];
  const badge = h('span', { class: 'badge', hidden: true, 'data-testid': 'chat-unread' });
  const chatButton = h('button', { class: 'ctl', type: 'button', 'aria-label': t('chat.open'), title: t('chat.open'), 'data-testid': 'open-chat', onclick: () => openChat(!chatState.open) }, icon('chat'), badge);
  const devicesButton = h('button', { class: 'ctl', type: 'button', 'aria-label': t('settings.devices'), title: t('settings.devices'), 'data-testid': 'open-devices', onclick: devices.open }, icon('sliders'));
  const leave = h('button', { class: 'leave', type: 'button', 'aria-label': t('control.leaveCall'), 'data-testid': 'leave', onclick: () => call.leave() }, icon('leave'), h('span', {}, t('control.leave')));
  const controls = h('div', { class: 'controls', role: 'toolbar', 'aria-label': t('control.toolbar') }, ...buttons.map(({ root }) => root), chatButton, isPickable('speaker') || maySend ? devicesButton : null, h('span', { class: 'gap' }), leave);
  const stage = h('main', { class: 'stage', 'aria-label': t('call.stage') }, remote.root, controls, tile.root, top.root, wait, reconnecting.root, toast);
  const root = h('div', { class: 'call', 'data-testid': 'screen-call' }, stage, chat.root, devices.root);
  const stopToolbar = toolbar(controls);
  const clock = setInterval(() => void tick(), 1000);

  async function copy() {
    if (!(await copyText(invite))) return;
    const done = h('div', { class: 'toast ok', role: 'status', 'data-testid': 'toast' }, icon('check'), h('p', { class: 't grow' }, t('waiting.inviteCopied')));
    fillWith(toast, done);
    setTimeout(() => done.remove(), 6000);
  }

  /** @param {boolean} open */
  function openChat(open) {
    chatState.open = open;
    call.chat.unread = 0;
    update();
    if (open) chat.focus();
    else chatButton.focus();
  }

  function tick() {
    top.update();
    reconnecting.update();
  }

  function update() {
    set(root, { 'data-state': call.kind });
    stage.classList.toggle('waits', !call.isLive);
    for (const part of [remote, seat, own, tile, top, reconnecting, devices, chat, ...buttons]) part.update();
    set(wait, { hidden: call.isLive });
    set(tile.root, { hidden: !call.isLive || !maySend });
    chat.root.hidden = !chatState.open;
    const { unread } = call.chat;
    badge.hidden = unread === 0;
    say(badge, String(Math.min(unread, 99)));
    set(chatButton, { 'aria-expanded': String(chatState.open), 'aria-label': unread === 0 ? t('chat.open') : tn('chat.openUnread', unread) });
  }

  function stop() {
    stopToolbar();
    clearInterval(clock);
  }

  update();
  return { root, update, stop, focus: () => {} };
}

/** @param {Media} media */
function ownSeat(media) {
  const video = selfVideo(media);
  const none = h('div', { class: 'nopicture' }, avatar(ownName(), true), h('p', { class: 'muted' }, t('call.cameraOff')));
  const caption = h('span', { class: 'chip cap' });
  const root = h('div', { class: 'seat own' }, video.root, none, caption);
  function update() {
    video.update();
    none.hidden = media.camera.track !== null;
    say(caption, isMuted(media) ? t('common.youMuted') : t('common.you'));
  }
  return { root, update };
}

/**
 * @param {Media} media
 * @param {boolean} maySend
 */
function ownTile(media, maySend) {
  const video = selfVideo(media);
  const none = h('div', { class: 'nopicture small' }, avatar(ownName()));
  const caption = h('span', { class: 'cap', 'data-testid': 'self-caption' });
  const root = h('div', { class: 'tile bottom-right raised', 'data-testid': 'self-tile' }, video.root, none, caption);
  function update() {
    video.update();
    none.hidden = media.camera.track !== null;
    caption.classList.toggle('muted', isMuted(media) && maySend);
    fillWith(caption, isMuted(media) && icon('mic-off', 16), isMuted(media) ? t('common.youMuted') : t('common.you'));
  }
  return { root, update };
}

const ownName = () => recall('name') || t('common.you');

/** @param {Media} media */
const isMuted = (media) => media.microphone.track === null || !media.microphone.on;

/**
 * Name at the left; the state in words and the timer at the right.
 *
 * @param {Call} call
 * @param {string} room
 */
function topBar(call, room) {
  const who = h('p', { class: 'who ell', 'data-testid': 'call-title' });
  const muted = h('span', { class: 'chip', 'data-testid': 'peer-muted' }, icon('mic-off', 16), t('call.muted'));
  const server = h('span', { class: 'chip warn', role: 'status', 'data-testid': 'server-lost' }, icon('server-off', 16), h('span', { class: 'wide' }, t('notice.signalingLost')));
  const stateText = h('span', {});
  const state = h('span', { class: 'chip', 'data-testid': 'call-state' }, icon('net', 16), stateText);
  const timer = h('span', { class: 'chip num', role: 'timer', 'aria-label': t('call.duration'), 'data-testid': 'timer' });
  const root = h('header', { class: 'top' }, h('div', { class: 'grow' }, who), muted, server, state, timer);

  function update() {
    say(who, call.isLive || call.kind === 'connecting' ? call.peer?.name || t('common.someone') : room);
    set(muted, { hidden: !call.isLive || call.peer?.audio !== 'muted' });
    set(server, { hidden: call.isServerThere || call.kind === 'joining' });
    state.classList.toggle('warn', call.kind === 'reconnecting');
    say(stateText, stateWords(call));
    set(state, { hidden: stateWords(call) === '' });
    set(timer, { hidden: !call.isLive });
    say(timer, clockTime(Date.now() - (call.since ?? Date.now())));
  }
  return { root, update };
}

/** @param {Call} call */
function stateWords(call) {
  switch (call.kind) {
    case 'joining':
    case 'connecting':
      return t('call.connecting');
    case 'waiting':
    case 'peerLeft':
      return call.isServerThere ? t('waiting.server') : '';
    case 'connected':
      return t(`call.path.${call.path}`);
    case 'reconnecting':
      return t('call.noPath');
    case 'full':
    case 'failed':
    case 'left':
      return '';
  }
}

/** Seconds, cause, a bar to the end of the wait, Retry now. @param {Call} call */
function reconnectingPane(call) {
  const limit = RECONNECT_LIMIT_MS / 1000;
  const seconds = h('span', { class: 'num' });
  const cause = h('p', {});
  const bar = h('progress', { max: limit, value: 0, 'aria-label': tn('reconnecting.givesUp', limit) });
  const retry = h('button', { class: 'btn', type: 'button', 'data-testid': 'retry-now', onclick: () => call.retryNow() }, icon('refresh', 20), t('common.retryNow'));
  const root = h('section', { class: 'mid', 'data-testid': 'reconnecting' }, h('h1', { class: 't-2xl' }, t('reconnecting.title'), ' ', seconds), cause, bar, retry);

  function update() {
    set(root, { hidden: call.kind !== 'reconnecting' });
    if (call.lostAt === null) return;
    const passed = Math.min(limit, Math.floor((Date.now() - call.lostAt) / 1000));
    say(seconds, t('reconnecting.seconds', { seconds: passed }));
    bar.value = passed;
    const name = call.peer?.name || t('common.someone');
    say(cause, t(!call.isServerThere ? 'reconnecting.serverLost' : call.isPeerAway ? 'reconnecting.peerAway' : 'reconnecting.noPackets', { name }));
  }
  return { root, update };
}

/** Camera, microphone and speaker during the call. @param {Media} media */
function deviceDialog(media) {
  const rows = /** @type {const} */ (['camera', 'microphone', 'speaker']).filter(isPickable).map((kind) => deviceRow(kind, media));
  const close = h('button', { class: 'btn', type: 'button', 'data-testid': 'devices-close', onclick: () => root.close() }, t('common.done'));
  const root = h('dialog', { class: 'dialog', 'aria-label': t('settings.devices'), 'data-testid': 'devices' }, h('h2', { class: 't-xl' }, t('settings.devices')), h('div', { class: 'rows' }, ...rows.map((row) => row.root)), h('div', { class: 'acts' }, close));
  return {
    root,
    open: () => root.showModal(),
    update: () => {
      for (const row of rows) row.update();
    },
  };
}
