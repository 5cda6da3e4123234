/** The start of the page, and which screen is shown. */
import { checkedId, duetLink, inviteLink, roomOf, signalingUrl } from './address.js';
import { announcements } from './announce.js';
import { Call } from './call.js';
import { callScreen } from './call-screen.js';
import { fillWith, say } from './dom.js';
import { lobby } from './lobby.js';
import { hasDevices, Media } from './media.js';
import { recall, remember } from './memory.js';
import { ended, failed, home, noCalls, notAdmitted, roomFull } from './pages.js';
import { tokenOf } from './secret.js';
import { language, loadWords, t } from './words.js';

/** @typedef {{ root: HTMLElement, update: () => void, stop: () => void, focus: () => void }} Screen */

const app = /** @type {HTMLElement} */ (document.getElementById('app'));
const live = /** @type {HTMLElement} */ (document.getElementById('live'));

/** @type {Screen | undefined} */
let screen;

/** @param {Screen} next */
function showScreen(next) {
  screen?.stop();
  screen = next;
  fillWith(app, next.root);
  next.focus();
}

/** One room, from its lobby to the end of its calls. @param {string} room */
function enter(room) {
  const media = new Media();
  const maySend = hasDevices();
  const fragment = location.hash;
  const chatState = { open: false };
  /** @type {Call | undefined} */
  let call;
  /** @type {string | undefined} */
  let shown;
  let before = moment();

  media.onchange = () => update();
  media.ontrack = (source, track) => {
    call?.setTrack(source === 'camera' ? 'video' : 'audio', track);
    call?.tellMediaState();
  };
  media.onlost = (_source, name, fallback) => {
    const text = fallback === null ? '' : t('notice.deviceLostUsing', { fallback });
    say(live, `${t('notice.deviceLost', { name })} ${text}`);
  };

  function moment() {
    const isOn = (/** @type {import('./media.js').Source} */ source) => media[source].on && media[source].track !== null;
    return { kind: call?.kind ?? null, name: call?.peer?.name ?? '', peerAudio: call?.peer?.audio ?? null, microphoneOn: isOn('microphone'), cameraOn: isOn('camera') };
  }

  /** @returns {import('./call-types.js').MediaState} */
  function mediaState() {
    const { camera, microphone } = media;
    const video = camera.track !== null ? 'on' : camera.on && camera.problem !== null && maySend ? 'lost' : 'off';
    return { audio: microphone.track === null ? 'none' : microphone.on ? 'on' : 'muted', video };
  }

  function join() {
    media.openAgain();
    call = new Call({
      url: signalingUrl(location),
      room,
      name: recall('name'),
      token: tokenOf(fragment),
      maySend,
      tracks: () => ({ audio: media.microphone.track, video: media.camera.track }),
      mediaState,
      chatSeen: () => chatState.open,
      onchange: update,
    });
    update();
  }

  /** @param {Call} current */
  function screenOf(current) {
    if (current.kind === 'full') return roomFull(room, join);
    if (current.kind === 'failed') return failed(current, join);
    if (current.kind === 'left') return ended(current, room, join);
    return callScreen({ call: current, media, maySend, room, invite: inviteLink(location, room, fragment), chatState });
  }

  function update() {
    const next = call === undefined ? 'lobby' : call.isOver ? call.kind : 'call';
    if (call?.isOver) media.stop();
    if (next !== shown && call !== undefined) showScreen(screenOf(call));
    else screen?.update();
    shown = next;
    const after = moment();
    if (before.microphoneOn !== after.microphoneOn || before.cameraOn !== after.cameraOn) call?.tellMediaState();
    const said = call === undefined || call.isOver ? [] : announcements(before, after);
    if (said.length > 0) say(live, said.join(' '));
    before = after;
    document.title = title(call);
  }

  /** @param {Call | undefined} current */
  function title(current) {
    const name = current?.isLive ? current.peer?.name || t('common.someone') : room;
    return t('title.room', { room: name });
  }

  shown = 'lobby';
  showScreen(
    lobby({
      room,
      media,
      duetLink: duetLink(location, room, fragment),
      onjoin: (typed) => {
        remember('name', checkedId(typed) ?? '');
        join();
      },
    }),
  );
  document.title = title(undefined);
  // A page that is closed has left; one that is frozen by the browser comes back by itself.
  addEventListener('pagehide', () => call?.leave());
  addEventListener('online', () => call?.retryNow());
  void media.start();
}

async function start() {
  await loadWords();
  document.documentElement.lang = language();
  const room = roomOf(location.pathname);
  const page = document.body.dataset['page'];
  if (page === 'not-admitted') showScreen(notAdmitted());
  else if (page === 'home' || room === null) showScreen(home(page !== 'home'));
  else if (typeof RTCPeerConnection === 'undefined' || typeof WebSocket === 'undefined') showScreen(noCalls());
  else enter(room);
}

void start();
