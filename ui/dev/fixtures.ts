/** One view for every state that a person can see. Also read by the unit tests: the compiler keeps them true to the types. */
import type { CallView, ChatView, Failure, IncomingView, IncomingWindowView, LoginProblem, PersonView, ScreenProblem, SharingWindowView, View } from '../src/generated/view';
import type { SettingsPage } from '../src/state/app.svelte';
import type { Goal } from '../src/state/share.svelte';

export interface Fixture {
  view: View;
  settings?: SettingsPage;
  keySheet?: boolean;
  /** The picker of screens is open, for this. */
  picker?: Goal;
  /** The code of a display is being typed. */
  entry?: boolean;
  /** The window of an incoming call, in place of the main one. */
  incomingWindow?: IncomingWindowView;
  /** The marker above all windows, in place of the main one. */
  sharingWindow?: SharingWindowView;
  /** What all screens and windows in the picker are called. */
  screenName?: string;
  /** What the picker finds in place of screens and windows: the choice made in the system's own dialog, or a problem. */
  screens?: 'picked' | ScreenProblem;
}

const now = Date.now();
const roomId = 'amber-river-falcon-meadow-lantern';
const inviteUrl = `https://duet.example.org/r/${roomId}`;
const peer = { name: 'Jonas Weber', audio: 'on', video: 'on', tile: false } as const;

const person = (uid: string, name: string, more: Partial<PersonView> = {}): PersonView => ({ uid, name, state: 'available', unread: 0, ...more });
const people = [
  person('1', 'Ada Okafor', { unread: 2 }), person('2', 'Chen Yu', { state: 'busy' }), person('3', 'Jonas Weber'), person('4', 'Lena Haugland', { state: 'busy' }),
  person('5', 'Priya Raman'), person('6', 'Sami Mäkelä'), person('7', 'Tomás Ferreira'), person('8', 'שירה לוי'), person('9', '陈雨'),
];

export const base: View = {
  call: { kind: 'idle' },
  lobby: null,
  microphone: { on: true, problem: null },
  camera: { on: true, problem: null },
  devices: {
    cameras: { list: [{ id: 'c1', name: 'Logitech Brio 4K' }, { id: 'c2', name: 'FaceTime HD' }], selectedId: 'c1', defaultName: 'FaceTime HD', activeName: 'Logitech Brio 4K', absent: null },
    microphones: { list: [{ id: 'm1', name: 'Yeti Nano' }, { id: 'm2', name: 'Built-in microphone' }], selectedId: null, defaultName: 'Yeti Nano', activeName: 'Yeti Nano', absent: null },
    speakers: { list: [{ id: 's1', name: 'Built-in speakers' }, { id: 's2', name: 'DELL U2723QE' }], selectedId: 's1', defaultName: 'Built-in speakers', activeName: 'Built-in speakers', absent: null },
    ringers: { list: [{ id: 's1', name: 'Built-in speakers' }, { id: 's2', name: 'DELL U2723QE' }], selectedId: null, defaultName: 'Built-in speakers', activeName: 'Built-in speakers', absent: null },
  },
  server: { url: 'ws://127.0.0.1:7440/ws', host: '127.0.0.1:7440', embedded: true, hasToken: false, reach: { kind: 'reachable', roundTripMs: 1 }, network: { kind: 'closed' } },
  confirmServer: null,
  notices: [],
  recents: [
    { kind: 'room', roomId, serverUrl: null, peerName: 'Jonas Weber', media: 'video', endedMs: now - 3_600_000, durationMs: 1_458_000 },
    { kind: 'missed', roomId: '', serverUrl: null, peerName: 'Priya Raman', media: 'audio', endedMs: now - 80_000_000, durationMs: null },
    { kind: 'calledYou', roomId: '', serverUrl: null, peerName: 'Ada Okafor', media: 'video', endedMs: now - 85_000_000, durationMs: 4_080_000 },
    { kind: 'called', roomId: '', serverUrl: null, peerName: '陈雨', media: 'video', endedMs: now - 88_000_000, durationMs: null },
    { kind: 'room', roomId: 'weekly-sync', serverUrl: null, peerName: 'Tomás Ferreira', media: 'video', endedMs: now - 90_000_000, durationMs: 4_080_000 },
    { kind: 'room', roomId: 'quiet-harbour-lantern', serverUrl: 'wss://duet.example.org/ws', peerName: '陈雨', media: 'video', endedMs: now - 320_000_000, durationMs: 42_000 },
    { kind: 'room', roomId: 'empty-room', serverUrl: null, peerName: null, media: 'video', endedMs: now - 900_000_000, durationMs: null },
  ],
  settings: {
    displayName: 'Mira Lindqvist', cameraFormat: { width: 1280, height: 720, framesPerSecond: 30 }, mirrorSelfView: true, serverUrl: '', iceServers: [], icePolicy: 'all',
    online: true, doNotDisturb: false, language: 'en', theme: 'light', textPercent: 100, reduceMotion: false, moreContrast: false, hideControls: true, renderer: 'canvas2d',
  },
  people: { presence: { kind: 'online' }, list: people },
  incoming: null,
  chat: null,
  callUnread: 0,
  statistics: null,
  speakerTestRunning: false,
  share: null,
  cast: null,
  fullScreen: false,
  closeRequested: false,
};

const with_ = (patch: Partial<View>): Fixture => ({ view: { ...base, ...patch } });
const connected: Extract<CallView, { kind: 'connected' }> = { kind: 'connected', roomId, peer, sinceMs: now - 1_458_000, path: 'direct', quality: 'good' };
const remoteServer = { url: 'wss://duet.example.org/ws', host: 'duet.example.org', embedded: false, hasToken: false, network: { kind: 'notEmbedded' } } as const;
const remote: View['server'] = { ...remoteServer, reach: { kind: 'reachable', roundTripMs: 24 } };
const openServer: View['server'] = { ...base.server, network: { kind: 'open', address: '192.168.178.42:7440' } };
const failed = (failure: Failure, more: Partial<View> = {}): Fixture => with_({ call: { kind: 'failed', roomId, failure }, ...more });
const displayCode: Pick<View, 'call' | 'cast'> = {
  call: { kind: 'waitingForPeer', roomId: '', inviteUrl: '' },
  cast: { role: 'display', code: { code: '7KQ4-M2XD', expiresMs: now + 77_000, lifetimeMs: 120_000 } },
};
const lobby = { roomId, serverHost: null };
const fingerprint = '7A:1F:44:9C:02:E8:5D:B3:66:10:F7:8E:9B:21:CC:35:D4:08:6A:EF:13:57:BE:90:2D:74:A1:4B:C6:58:0F:E2';
const statistics: View['statistics'] = {
  roundTripMs: 42, lossRatio: 0.002, receiveBps: 2_400_000, sendBps: 1_800_000,
  videoIn: { codec: 'VP8', width: 1280, height: 720, framesPerSecond: 30, framesDropped: 2, latencyMs: 96 },
  videoOut: { codec: 'VP8', width: 1280, height: 720, framesPerSecond: 30, framesDropped: null, latencyMs: null },
  soundIn: { codec: 'Opus, 48 kHz', bufferMs: 38, concealedRatio: 0.001 },
  path: { kind: 'direct', protocol: 'udp' },
};

const share = { id: 'window:7', title: 'May figures', isScreen: false, isOpen: true } as const;
const minutesAgo = (minutes: number): number => now - minutes * 60_000;
const talk: ChatView = {
  uid: '3', name: 'Jonas Weber', inCall: true,
  messages: [
    { id: 1, text: 'Can you see the second chart? The axis starts at 40, not at zero.', timeMs: minutesAgo(12), state: { kind: 'received' } },
    { id: 2, text: 'Yes, it is readable now.', timeMs: minutesAgo(11), state: { kind: 'delivered' } },
    { id: 3, text: 'Draft is here: https://example.org/draft-3', timeMs: minutesAgo(11), state: { kind: 'delivered' } },
    { id: 4, text: 'Thanks. I will go through it tonight and send notes.\nתודה! 谢谢！', timeMs: minutesAgo(9), state: { kind: 'received' } },
    { id: 5, text: 'One more thing, the figures for May', timeMs: minutesAgo(3), state: { kind: 'failed', problem: 'unavailable' } },
    { id: 6, text: 'They are in the appendix.', timeMs: minutesAgo(1), state: { kind: 'sending' } },
  ],
};
const incoming: IncomingView = { name: 'Ada Okafor', media: 'video', sinceMs: now - 12_000, banner: false };
const ringWindow = (call: IncomingView | null): Fixture => ({
  view: base, incomingWindow: { call, language: 'en', theme: 'light', textPercent: 100, reduceMotion: false, moreContrast: false },
});
const wrote = [person('3', 'Jonas Weber', { state: 'offline', unread: 1 }), person('12', '', { state: 'offline' }), person('9', '陈雨', { state: 'offline' })];
const offline = { ...base.settings, online: false };
const refused = (problem: LoginProblem, server = base.server): Fixture => with_({ server, people: { presence: { kind: 'refused', problem }, list: [] } });
const unanswered = (reason: Extract<CallView, { kind: 'unanswered' }>['reason']): Fixture => with_({ call: { kind: 'unanswered', name: 'Ada Okafor', uid: '1', media: 'video', reason } });

export const fixtures: Record<string, Fixture> = {
  home: with_({}),
  'home-first': with_({ recents: [], settings: { ...offline, displayName: '' }, people: { presence: { kind: 'off' }, list: [] } }),
  'home-off-remote': with_({ settings: offline, people: { presence: { kind: 'off' }, list: [] }, server: { ...remoteServer, reach: { kind: 'reachable', roundTripMs: 24 } } }),
  'home-connecting': with_({ people: { presence: { kind: 'connecting' }, list: [] } }),
  'home-alone': with_({ people: { presence: { kind: 'online' }, list: [] }, settings: { ...base.settings, doNotDisturb: true } }),
  'home-remote': with_({ server: { ...remoteServer, reach: { kind: 'reachable', roundTripMs: 24 } } }),
  'home-name-taken': refused('nameTaken'), 'home-name-invalid': refused('nameInvalid'), 'home-name-missing': refused('noName'), 'home-lobby-full': refused('lobbyFull'), 'home-refused': refused('refused'), 'home-refused-remote': refused('refused', remote), 'home-not-allowed': refused('notAllowed', remote),
  'home-wrote': with_({ people: { presence: { kind: 'online' }, list: [...people.slice(0, 3), ...wrote.slice(1)] } }),
  'home-wrote-offline': with_({ people: { presence: { kind: 'connecting' }, list: wrote }, server: { ...remoteServer, reach: { kind: 'unreachable', retryAtMs: now + 3_600_000 } } }),
  'home-wrote-off': with_({ settings: offline, people: { presence: { kind: 'off' }, list: wrote } }),
  'declined-chat': with_({ call: { kind: 'unanswered', name: 'Ada Okafor', uid: '1', media: 'video', reason: 'declined' }, chat: { ...talk, inCall: false } }),
  'home-chat': with_({ chat: { ...talk, inCall: false } }),
  'home-missed': with_({ notices: [{ id: 1, level: 'info', data: { code: 'missedCall', name: 'Priya Raman' }, actions: [] }, { id: 2, level: 'info', data: { code: 'textArrived', uid: '1', name: 'Ada Okafor' }, actions: ['open'] }] }),
  'home-incoming': with_({ incoming: { ...incoming, banner: true } }),
  calling: with_({ call: { kind: 'calling', name: 'Ada Okafor', media: 'video', ringingSinceMs: now - 8000 } }),
  'calling-audio': with_({ call: { kind: 'calling', name: 'Ada Okafor', media: 'audio', ringingSinceMs: null } }),
  declined: unanswered('declined'), busy: unanswered('busy'), 'no-answer': unanswered('noAnswer'), unavailable: unanswered('unavailable'), 'not-online': unanswered('notOnline'), 'we-are-offline': { view: { ...unanswered('weAreOffline').view, settings: offline, people: { presence: { kind: 'off' }, list: [] } } }, 'server-lost': unanswered('serverLost'),
  'incoming-window': ringWindow(incoming), 'incoming-window-audio': ringWindow({ ...incoming, name: 'Wolfgang Amadeus Theophilus von Hohenstaufen-Sigmaringen', media: 'audio' }), 'incoming-window-over': ringWindow(null),

  'home-network': with_({ server: openServer }),
  'home-offline': with_({ people: { presence: { kind: 'connecting' }, list: [] }, server: { ...remoteServer, reach: { kind: 'unreachable', retryAtMs: now + 3_600_000 } } }),
  'home-untrusted': with_({ server: { ...remoteServer, reach: { kind: 'untrusted', sha256Fingerprint: fingerprint } } }),
  'confirm-server': with_({ confirmServer: { roomId, url: 'wss://other.example.net/ws', host: 'other.example.net' } }),
  lobby: with_({ lobby }),
  'lobby-off': with_({ lobby: { ...lobby, serverHost: 'duet.example.org' }, microphone: { on: false, problem: null }, camera: { on: false, problem: null } }),
  'lobby-errors': with_({
    lobby, microphone: { on: true, problem: 'noneFound' }, camera: { on: true, problem: 'inUse' },
    devices: { ...base.devices, microphones: { list: [], selectedId: null, defaultName: null, activeName: null, absent: null }, speakers: { ...base.devices.speakers, absent: { id: 's9', name: 'Jabra Evolve2 65' } } },
  }),
  joining: with_({ call: { kind: 'joining', roomId } }),
  waiting: with_({ call: { kind: 'waitingForPeer', roomId, inviteUrl } }),
  negotiating: with_({ call: { kind: 'negotiating', roomId, peer } }),
  call: with_({ call: connected }),
  'call-muted': with_({ call: { ...connected, path: 'relay', quality: 'fair', peer: { ...peer, audio: 'muted' } }, microphone: { on: false, problem: null } }),
  'call-camera-off': with_({ call: { ...connected, peer: { ...peer, video: 'off' } }, camera: { on: false, problem: null } }),
  'call-statistics': with_({ call: connected, statistics }),
  'call-sharing': with_({ call: connected, share }),
  'settings-sharing': { ...with_({ call: connected, share }), settings: 'devices' },
  'sharing-window': { view: base, sharingWindow: { title: 'May figures', language: 'en', theme: 'light', textPercent: 100, reduceMotion: false, moreContrast: false } },
  'call-peer-screen': with_({ call: { ...connected, peer: { ...peer, video: 'screen' } } }),
  'call-peer-screen-tile': with_({ call: { ...connected, peer: { ...peer, video: 'screen', tile: true } } }),
  'call-both-share': with_({ call: { ...connected, peer: { ...peer, video: 'screen', tile: true } }, share }),
  'call-peer-screen-chat': with_({ call: { ...connected, peer: { ...peer, video: 'screen', tile: true } }, chat: talk, statistics }),
  'share-picker': { ...with_({ call: connected }), picker: { kind: 'call' } },
  'share-picked': { ...with_({ call: connected }), picker: { kind: 'call' }, screens: 'picked' },
  'share-cancelled': { ...with_({ call: connected }), picker: { kind: 'call' }, screens: 'cancelled' },
  'share-wayland': { ...with_({ call: connected }), picker: { kind: 'call' }, screens: 'wayland' },
  'share-forbidden': { ...with_({ call: connected }), picker: { kind: 'display', code: '7KQ4-M2XD' }, screens: 'forbidden' },
  'cast-entry': { ...with_({}), entry: true },
  'cast-entry-remote': { ...with_({ server: remote }), entry: true },
  'display-connecting': with_({ call: { kind: 'joining', roomId: '' }, cast: { role: 'display', code: null } }),
  'display-code': with_(displayCode),
  'display-code-open': with_({ server: openServer, ...displayCode }),
  'display-code-remote': with_({ server: remote, ...displayCode }),
  'display-shows': with_({ call: { ...connected, peer: { name: 'Mira Lindqvist', audio: 'none', video: 'screen', tile: false } }, cast: { role: 'display', code: null } }),
  presenting: with_({ call: { ...connected, peer: { name: 'Meeting room', audio: 'none', video: 'off', tile: false } }, cast: { role: 'presenter' }, share }),
  'failed-cast': with_({ call: { kind: 'failed', roomId: '', failure: { code: 'refused', serverCode: 'cast-refused', host: '127.0.0.1:7440' } }, cast: { role: 'presenter' } }),
  'call-unread': with_({ call: connected, callUnread: 2 }),
  'call-chat': with_({ call: connected, chat: talk }),
  'call-chat-statistics': with_({ call: connected, chat: { ...talk, messages: [] }, statistics }),
  'call-incoming': with_({ call: connected, incoming: { ...incoming, banner: true } }),
  'call-notices': with_({
    call: connected, microphone: { on: false, problem: null },
    notices: [
      { id: 1, level: 'warn', data: { code: 'deviceLost', device: 'microphone', name: 'Yeti Nano', fallbackName: 'Built-in microphone' }, actions: ['pickAnother'] },
      { id: 2, level: 'error', data: { code: 'deviceFailed', device: 'camera', name: 'Logitech Brio', problem: 'stalled' }, actions: ['retry', 'pickAnother'] },
    ],
  }),
  reconnecting: with_({ call: { kind: 'reconnecting', roomId, peer, sinceMs: now - 1_471_000, lostMs: now - 12_000, deadlineMs: now + 108_000, cause: 'networkChanged' } }),
  'peer-left': with_({ call: { kind: 'peerLeft', roomId, peer, reason: 'left', durationMs: 1_458_000, inviteUrl } }),
  'confirm-close': with_({ call: connected, closeRequested: true }),
  'room-full': with_({ call: { kind: 'full', roomId } }),
  'failed-server': with_({ call: { kind: 'failed', roomId, failure: { code: 'serverUnreachable', host: 'duet.example.org' } } }),
  'failed-not-allowed': with_({ call: { kind: 'failed', roomId, failure: { code: 'refused', serverCode: 'not-allowed', host: 'duet.example.org' } }, server: { ...remoteServer, reach: { kind: 'reachable', roundTripMs: 24 } } }),
  'failed-no-relay': failed({ code: 'noRelay' }),
  'failed-certificate': failed({ code: 'wrongCertificate' }, { server: remote }),
  'failed-elsewhere': failed({ code: 'refused', serverCode: 'not-allowed', host: 'other.example.net' }),
  'failed-busy': failed({ code: 'refused', serverCode: 'server-draining', host: 'duet.example.org' }, { server: remote }),
  'failed-trust': with_({ call: { kind: 'failed', roomId, failure: { code: 'untrustedCertificate', host: 'duet.example.org', sha256Fingerprint: fingerprint } } }),
  ended: with_({ call: { kind: 'left', roomId, peerName: 'Jonas Weber', durationMs: 1_458_000, endedBy: 'us', byName: false } }),
  'ended-by-peer': with_({ call: { kind: 'left', roomId: '', peerName: 'Ada Okafor', durationMs: 61_000, endedBy: 'peer', byName: true } }),
  'settings-devices': { ...with_({}), settings: 'devices' },
  'settings-network': { ...with_({ settings: { ...base.settings, iceServers: [{ url: 'turns:relay.example.net:443', username: 'mira', credential: 'x' }] } }), settings: 'network' },
  'settings-no-relay': { ...with_({ settings: { ...base.settings, icePolicy: 'relay' } }), settings: 'network' },
  'settings-untrusted': { ...with_({ server: { ...remoteServer, reach: { kind: 'untrusted', sha256Fingerprint: fingerprint } } }), settings: 'network' },
  'settings-token': { ...with_({ server: { ...remoteServer, hasToken: true, reach: { kind: 'reachable', roundTripMs: 24 } } }), settings: 'network' },
  'settings-appearance': { ...with_({}), settings: 'appearance' },
  'settings-shortcuts': { ...with_({}), settings: 'shortcuts' },
  'key-sheet': { ...with_({ call: connected }), keySheet: true },
};

/** A screen with one text in every place where a stranger's name or words can stand. */
export function named(screen: string, text: string): Fixture {
  const someone = { ...peer, name: text };
  const chat: ChatView = { ...talk, name: text, messages: [{ id: 1, text, timeMs: 0, state: { kind: 'received' } }, { id: 2, text, timeMs: 0, state: { kind: 'failed', problem: 'unknown' } }] };
  const recents: View['recents'] = [
    { kind: 'missed', roomId: '', serverUrl: null, peerName: text, media: 'video', endedMs: 0, durationMs: null },
    { kind: 'room', roomId: text, serverUrl: null, peerName: text, media: 'video', endedMs: 1, durationMs: 1000 },
  ];
  const notices: View['notices'] = [{ id: 1, level: 'info', data: { code: 'missedCall', name: text }, actions: [] }, { id: 2, level: 'info', data: { code: 'peerJoined', name: text }, actions: [] }];
  const list = [person('1', text), person('2', text, { state: 'busy', unread: 3 })];
  const ring: IncomingView = { ...incoming, name: text, banner: true };
  switch (screen) {
    case 'home':
      return with_({ recents, notices, people: { presence: { kind: 'online' }, list }, incoming: ring, settings: { ...base.settings, displayName: text } });
    case 'call':
      return with_({ call: { ...connected, peer: someone }, chat, notices, incoming: ring });
    case 'calling':
      return with_({ call: { kind: 'calling', name: text, media: 'video', ringingSinceMs: now } });
    case 'unanswered':
      return with_({ call: { kind: 'unanswered', name: text, uid: '1', media: 'video', reason: 'busy' } });
    case 'ended':
      return with_({ call: { kind: 'left', roomId: text, peerName: text, durationMs: 1000, endedBy: 'peer', byName: true } });
    case 'lobby':
      return with_({ lobby: { roomId: text, serverHost: text } });
    case 'failed':
      return with_({ call: { kind: 'failed', roomId: text, failure: { code: 'refused', serverCode: text, host: text } } });
    case 'room-full':
      return with_({ call: { kind: 'full', roomId: text } });
    case 'display':
      return with_({ call: { ...connected, peer: { ...someone, video: 'screen' } }, cast: { role: 'display', code: null } });
    case 'presenting':
      return with_({ call: { ...connected, peer: someone }, cast: { role: 'presenter' }, share: { ...share, title: text } });
    case 'share-picker':
      return { ...with_({ call: { ...connected, peer: someone }, share: { ...share, title: text } }), picker: { kind: 'call' }, screenName: text };
    case 'sharing':
      return { view: base, sharingWindow: { title: text, language: 'en', theme: 'light', textPercent: 100, reduceMotion: false, moreContrast: false } };
    default:
      return ringWindow({ ...ring, banner: false });
  }
}

export type FixtureName = string;
