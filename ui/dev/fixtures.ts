/** One view for every state that a person can see. Also read by the unit tests: the compiler keeps them true to the types. */
import type { CallView, View } from '../src/generated/view';
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
}

const now = Date.now();
const roomId = 'amber-river-falcon-meadow-lantern';
const inviteUrl = `https://duet.example.org/r/${roomId}`;
const peer = { name: 'Jonas Weber', audio: 'on', video: 'on' } as const;

export const base: View = {
  call: { kind: 'idle' },
  lobby: null,
  microphone: { on: true, problem: null },
  camera: { on: true, problem: null },
  devices: {
    cameras: { list: [{ id: 'c1', name: 'Logitech Brio 4K' }, { id: 'c2', name: 'FaceTime HD' }], selectedId: 'c1', defaultName: 'FaceTime HD', activeName: 'Logitech Brio 4K', absent: null },
    microphones: { list: [{ id: 'm1', name: 'Yeti Nano' }, { id: 'm2', name: 'Built-in microphone' }], selectedId: null, defaultName: 'Yeti Nano', activeName: 'Yeti Nano', absent: null },
    speakers: { list: [{ id: 's1', name: 'Built-in speakers' }, { id: 's2', name: 'DELL U2723QE' }], selectedId: 's1', defaultName: 'Built-in speakers', activeName: 'Built-in speakers', absent: null },
  },
  server: { url: 'ws://127.0.0.1:7440/ws', host: '127.0.0.1:7440', embedded: true, reach: { kind: 'reachable', roundTripMs: 1 }, network: { kind: 'closed' } },
  confirmServer: null,
  notices: [],
  recents: [
    { roomId, serverUrl: null, peerName: 'Jonas Weber', endedMs: now - 3_600_000, durationMs: 1_458_000 },
    { roomId: 'weekly-sync', serverUrl: null, peerName: 'Tomás Ferreira', endedMs: now - 90_000_000, durationMs: 4_080_000 },
    { roomId: 'quiet-harbour-lantern', serverUrl: 'wss://duet.example.org/ws', peerName: '陈雨', endedMs: now - 320_000_000, durationMs: 42_000 },
    { roomId: 'empty-room', serverUrl: null, peerName: null, endedMs: now - 900_000_000, durationMs: null },
  ],
  settings: {
    displayName: 'Mira Lindqvist', cameraFormat: { width: 1280, height: 720, framesPerSecond: 30 }, mirrorSelfView: true, serverUrl: '', iceServers: [], icePolicy: 'all',
    language: 'en', theme: 'light', textPercent: 100, reduceMotion: false, moreContrast: false, hideControls: true, renderer: 'canvas2d',
  },
  statistics: null,
  speakerTestRunning: false,
  share: null,
  cast: null,
  fullScreen: false,
  closeRequested: false,
};

const with_ = (patch: Partial<View>): Fixture => ({ view: { ...base, ...patch } });
const connected: CallView = { kind: 'connected', roomId, peer, sinceMs: now - 1_458_000, path: 'direct', quality: 'good' };
const remoteServer = { url: 'wss://duet.example.org/ws', host: 'duet.example.org', embedded: false, network: { kind: 'notEmbedded' } } as const;
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

export const fixtures: Record<string, Fixture> = {
  home: with_({}),
  'home-first': with_({ recents: [], settings: { ...base.settings, displayName: '' } }),
  'home-network': with_({ server: { ...base.server, network: { kind: 'open', address: '192.168.178.42:7440' } } }),
  'home-offline': with_({ server: { ...remoteServer, reach: { kind: 'unreachable', retryAtMs: now + 3_600_000 } } }),
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
  'call-peer-screen': with_({ call: { ...connected, peer: { ...peer, video: 'screen' } } }),
  'share-picker': { ...with_({ call: connected }), picker: { kind: 'call' } },
  'cast-entry': { ...with_({}), entry: true },
  'display-connecting': with_({ call: { kind: 'joining', roomId: '' }, cast: { role: 'display', code: null } }),
  'display-code': with_({
    call: { kind: 'waitingForPeer', roomId: '', inviteUrl: '' },
    cast: { role: 'display', code: { code: '7KQ4-M2XD', expiresMs: now + 77_000, lifetimeMs: 120_000 } },
  }),
  'display-shows': with_({ call: { ...connected, peer: { name: 'Mira Lindqvist', audio: 'none', video: 'screen' } }, cast: { role: 'display', code: null } }),
  presenting: with_({ call: { ...connected, peer: { name: 'Meeting room', audio: 'none', video: 'off' } }, cast: { role: 'presenter' }, share }),
  'failed-cast': with_({ call: { kind: 'failed', roomId: '', failure: { code: 'refused', serverCode: 'cast-refused' } }, cast: { role: 'presenter' } }),
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
  'failed-trust': with_({ call: { kind: 'failed', roomId, failure: { code: 'untrustedCertificate', host: 'duet.example.org', sha256Fingerprint: fingerprint } } }),
  ended: with_({ call: { kind: 'left', roomId, peerName: 'Jonas Weber', durationMs: 1_458_000 } }),
  'settings-devices': { ...with_({}), settings: 'devices' },
  'settings-network': { ...with_({ settings: { ...base.settings, iceServers: [{ url: 'turns:relay.example.net:443', username: 'mira', credential: 'x' }] } }), settings: 'network' },
  'settings-appearance': { ...with_({}), settings: 'appearance' },
  'settings-shortcuts': { ...with_({}), settings: 'shortcuts' },
  'key-sheet': { ...with_({ call: connected }), keySheet: true },
};

export type FixtureName = string;
