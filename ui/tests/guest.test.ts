/** What the guest page decides without a browser: addresses, waits, candidates, texts, words. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import en from '../src/locales/en.json';
import zhCn from '../src/locales/zh-CN.json';
import { checkedId, duetLink, inviteLink, pathOf, roomOf, signalingUrl, typedRoom, type Place } from '../guest/address.js';
import { announcements, type Moment } from '../guest/announce.js';
import { afterClose, drainingMs, waitMs } from '../guest/backoff.js';
import { parseCandidate, ufragOf, Waitlist } from '../guest/candidates.js';
import { Chat, maySend } from '../guest/chat.js';
import { problemOf } from '../guest/media.js';
import { kindOf } from '../guest/path.js';
import { remotePictures } from '../guest/pictures.js';
import { tokenOf } from '../guest/secret.js';
import { parse, Signaling } from '../guest/signaling.js';
import { t, tn, useWords } from '../guest/words.js';

afterEach(() => useWords('en', en));
useWords('en', en);

const place = (url: string): Place => new URL(url);

test('the room of a path, and no room', () => {
  expect(['/r/amber-fox', '/r/%E6%88%BF', '/r/a%2Fb', '/r/%3Cb%3E'].map(roomOf)).toEqual(['amber-fox', '房', 'a/b', '<b>']);
  for (const path of ['/', '/r/', '/r/a/b', '/r/%FF', '/r/%00', '/r/%20', '/r/%E2%80%AEx', `/r/${'x'.repeat(65)}`]) expect(roomOf(path), path).toBeNull();
});

test('names and rooms hold what the protocol allows', () => {
  expect(checkedId('  Ann ')).toBe('Ann');
  expect(checkedId('👩‍🚀'.repeat(21))).not.toBeNull();
  for (const text of ['', ' ', 'a\nb', 'a\u0085b', 'a\u2028b', 'a\u202eb', 'a\u2066b', '😀'.repeat(65)]) expect(checkedId(text), JSON.stringify(text)).toBeNull();
});

test('a typed room takes the form in which the application sends it', () => {
  expect([' Amber Fox ', 'AMBER  -  FOX', 'Amber--fox-', 'a\tb', '--'].map(typedRoom)).toEqual(['amber-fox', 'amber-fox', 'amber-fox', 'a-b', '--']);
  expect(['', '.', '..', 'x'.repeat(65)].map(typedRoom)).toEqual([null, null, null, null]);
});

test('a room survives the way into a link and back', () => {
  for (const room of ['a/b', '50% (off)!', "it's *", '房间 一', '<script>', '#?&']) {
    expect(roomOf(new URL(pathOf(room), 'https://x').pathname)).toBe(room);
    expect(pathOf(room).slice(3)).not.toMatch(/[!'()*/?#]/);
  }
});

test('the server is the one that sent the page', () => {
  expect(signalingUrl(place('https://calls.example.org/r/x'))).toBe('wss://calls.example.org/ws');
  expect(signalingUrl(place('http://127.0.0.1:7440/r/x'))).toBe('ws://127.0.0.1:7440/ws');
  expect(inviteLink(place('https://calls.example.org:8443/r/x'), 'a b', '#s')).toBe('https://calls.example.org:8443/r/a%20b#s');
});

test('a link for the application leads to the same server, or there is none', () => {
  const link = (url: string): string | null => duetLink(place(url), 'x', '#s');
  expect(link('https://calls.example.org/r/x')).toBe('duet://calls.example.org/x#s');
  expect(link('http://127.0.0.1:7440/r/x')).toBe('duet://127.0.0.1:7440/x#s');
  expect(link('http://192.168.1.7/r/x')).toBe('duet://192.168.1.7:80/x#s');
  expect(link('http://[fd00::2]:7440/r/x')).toBe('duet://[fd00::2]:7440/x#s');
  // `duet://` means plain ws there, and TLS here.
  for (const url of ['https://192.168.1.7/r/x', 'https://localhost/r/x', 'http://calls.example.org/r/x', 'http://172.32.0.1/r/x']) expect(link(url), url).toBeNull();
});

test('only a token goes to the server, nothing else behind the #', () => {
  expect([tokenOf('#t=abc.DEF-_'), tokenOf('#t=abc&s3cret')]).toEqual(['abc.DEF-_', 'abc']);
  for (const fragment of ['', '#', '#k3y', '#t=', '#t=&s', '#k3y&t=a', '#T=a']) expect(tokenOf(fragment), fragment).toBeNull();
});

test('tries come ever later, never all at once', () => {
  expect([1, 2, 3, 4, 5, 6, 60].map((failures) => waitMs(failures, 0))).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000]);
  expect(waitMs(1, 0.999)).toBeLessThanOrEqual(500);
  expect(waitMs(60, 0.999)).toBeLessThanOrEqual(8000);
});

test('close codes that forbid coming back', () => {
  expect([1002, 1003, 1007, 1009, 4001].map(afterClose)).toEqual(Array(5).fill('never'));
  expect([1000, 1006, 4002, 4008].map(afterClose)).toEqual(Array(4).fill('again'));
  expect(afterClose(4003)).toBe('replaced');
});

test('a server that stops gets its guests back over five seconds, not all at once', () => {
  expect([0, 0.25, 0.5, 1].map(drainingMs)).toEqual([0, 1250, 2500, 5000]);
  const opened: { onclose: ((event: { code: number }) => void) | null }[] = [];
  class Socket {
    static readonly OPEN = 1;
    readonly readyState = 0;
    onclose = null;
    constructor() {
      opened.push(this);
    }
    close(): void {
      // Nothing is open.
    }
  }
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', Socket);
  vi.spyOn(Math, 'random').mockReturnValue(0.9);
  try {
    const signaling = new Signaling('ws://127.0.0.1', { onopen: () => {}, onmessage: () => {}, onlost: () => {}, onend: () => {} });
    const waited = (code: number): number => {
      const count = opened.length;
      const from = Date.now();
      opened.at(-1)?.onclose?.({ code });
      while (opened.length === count && vi.getTimerCount() > 0) vi.advanceTimersToNextTimer();
      return Date.now() - from;
    };
    signaling.connect();
    expect([waited(4010), waited(1006)]).toEqual([4500, 950]);
    signaling.stop();
  } finally {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  }
});

test('messages that are none are dropped', () => {
  expect(parse('{"cmd":"joined"}')).toEqual({ cmd: 'joined' });
  for (const text of ['', '[]', '1', 'null', '{', '{"cmd":1}', '"cmd"']) expect(parse(text), text).toBeNull();
});

test('early candidates wait for their description, and not without bound', () => {
  const list = new Waitlist();
  for (let index = 0; index < 200; index += 1) list.add({ key: index % 2 ? 'a' : 'b', json: String(index) });
  expect(list.take('a')).toHaveLength(64);
  expect(list.take('a')).toEqual([]);
  list.add({ key: null, json: 'any' });
  expect(list.take('c')).toEqual(['any']);
  list.clear();
  expect(list.take('b')).toEqual([]);
});

test('candidates name their description', () => {
  expect(parseCandidate('{"candidate":"candidate:1 1 udp 1 1.2.3.4 5 typ host ufrag xYz","sdpMid":"0"}')?.ufrag).toBe('xYz');
  expect(parseCandidate('{"candidate":"candidate:1","usernameFragment":"q"}')?.ufrag).toBe('q');
  expect(parseCandidate('{"candidate":"candidate:1"}')?.ufrag).toBeNull();
  for (const msg of ['', 'null', '{}', '{"candidate":""}', '{"candidate":7}', '[', undefined, 5]) expect(parseCandidate(msg), String(msg)).toBeNull();
  expect(ufragOf('v=0\r\na=ice-ufrag:AbC+/\r\nm=audio')).toBe('AbC+/');
  expect(ufragOf(undefined)).toBe('');
});

test('the camera beside a screen is told from it by its stream', () => {
  const track = (kind: string, id: string): MediaStreamTrack => ({ kind, id }) as MediaStreamTrack;
  const received = (currentDirection: RTCRtpTransceiverDirection | null, kind: string, id: string) => ({ currentDirection, receiver: { track: track(kind, id) } });
  const [sound, main, tile] = [received('sendrecv', 'audio', 's'), received('recvonly', 'video', 'm'), received('sendrecv', 'video', 't')];
  const streams = new Map([[sound, 'duet'], [main, 'duet'], [tile, 'duet-tile']]);
  const ids = (all: (typeof sound)[]) => Object.values(remotePictures(all, streams)).map((one) => one?.id ?? null);
  expect(ids([sound, main, tile])).toEqual(['s', 'm', 't']);
  expect(ids([tile, main, sound])).toEqual(['s', 'm', 't']);
  tile.currentDirection = 'inactive';
  sound.currentDirection = null;
  expect(ids([sound, main, tile])).toEqual([null, 'm', null]);
});

test('texts are kept in order, settled once, and bounded', () => {
  const chat = new Chat();
  chat.write('1', 'a');
  chat.write('2', 'b');
  chat.settle('1', 'delivered');
  chat.failSending();
  chat.settle('2', 'delivered');
  chat.receive({ name: '<b>', content: '<img src=x onerror=alert(1)>', time: '2026-11-21T08:05:04.250Z' }, false);
  for (const content of ['', 5, null, undefined]) chat.receive({ name: 'x', content, time: 'never' }, false);
  expect(chat.texts.map(({ state }) => state)).toEqual(['delivered', 'failed', 'received']);
  expect(chat.unread).toBe(1);
  for (let index = 0; index < 1000; index += 1) chat.receive({ name: null, content: 'x', time: 'never' }, true);
  expect([chat.texts.length, chat.unread, chat.texts[0]?.time]).toEqual([500, 1, null]);
});

test('a text has 4 KiB', () => {
  expect([maySend(' '), maySend('房'.repeat(1365)), maySend('房'.repeat(1366))]).toEqual([false, true, false]);
});

test('why a device did not open', () => {
  const named = (name: string): Error => Object.assign(new Error(), { name });
  expect(['NotFoundError', 'OverconstrainedError', 'NotAllowedError', 'NotReadableError', 'TypeError'].map((name) => problemOf(named(name)))).toEqual(['noneFound', 'noneFound', 'notAllowed', 'inUse', 'failed']);
});

test('the path in a word', () => {
  expect([kindOf('host', 'host'), kindOf('srflx', 'host'), kindOf('prflx', 'srflx'), kindOf('relay', 'host'), kindOf(undefined, 'host')]).toEqual(['local', 'direct', 'direct', 'relay', 'unknown']);
});

test('readers hear what the window would say', () => {
  const before: Moment = { kind: 'connecting', name: 'Ann', peerAudio: 'on', microphoneOn: true, cameraOn: true };
  expect(announcements(before, { ...before, kind: 'connected' })).toEqual(['Ann joined']);
  expect(announcements({ ...before, kind: 'reconnecting' }, { ...before, kind: 'connected', peerAudio: 'muted', microphoneOn: false })).toEqual(['Connected', 'Microphone muted', 'Ann muted the microphone']);
  expect(announcements(before, { ...before, kind: 'peerLeft' })).toEqual(['Ann left']);
  expect(announcements(before, before)).toEqual([]);
});

test('both languages have the words that the page asks for', () => {
  const folder = new URL('../guest/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.js'));
  const asked = files.flatMap((name) => [...readFileSync(new URL(name, folder), 'utf8').matchAll(/\btn?\('([\w.]+)'/g)].map((match) => match[1] ?? ''));
  expect(asked.length).toBeGreaterThan(60);
  for (const key of asked) expect(key in en || `${key}.other` in en, key).toBe(true);
  useWords('zh-CN', zhCn);
  expect([t('chat.title'), tn('chat.openUnread', 2)]).toEqual([zhCn['chat.title'], zhCn['chat.openUnread.other'].replace('{count}', '2')]);
});

test('the page builds no markup from text, and takes nothing from elsewhere', () => {
  const folder = new URL('../guest/', import.meta.url);
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.js'))) {
    const text = readFileSync(new URL(name, folder), 'utf8');
    expect(text, name).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function|\bfetch\(/);
    for (const [, from = ''] of text.matchAll(/^import .* from '([^']+)'/gm)) expect(from, name).toMatch(/^\.{1,2}\/[\w./-]+\.js$/);
  }
});
