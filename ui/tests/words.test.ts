/** What the page says about a view, for every fixture and every kind of notice. */
import { expect, test } from 'vitest';
import { base, fixtures } from '../dev/fixtures';
import { announcements } from '../src/announce';
import { deviceKindView, deviceRowText } from '../src/devices';
import type { DeviceKindView, Notice, View } from '../src/generated/view';
import { sentences, setLocale } from '../src/i18n.svelte';
import { callBackMedia, noticeText, shownNotices } from '../src/notices';
import { screenOf } from '../src/screen';
import { noAnswer, noneText, offText, onlineHint, refusedText, serverName, serverTitle } from '../src/serverWords';
import { windowTitle } from '../src/title';

const fixture = (name: string): View => fixtures[name]!.view;
const allRead = (name: string): View => ({ ...fixture(name), people: { presence: { kind: 'online' }, list: [] } });

test('every state of a call has its screen', () => {
  const screens = ['home', 'lobby', 'joining', 'waiting', 'negotiating', 'call', 'reconnecting', 'peer-left', 'room-full', 'failed-trust', 'ended'].map((name) => screenOf(fixture(name)));
  expect(screens).toEqual(['home', 'lobby', 'call', 'call', 'call', 'call', 'call', 'call', 'full', 'failed', 'ended']);
});

test('the title says who, and that nobody hears me', () => {
  expect(windowTitle(allRead('call'))).toBe('Jonas Weber · Duet');
  expect(windowTitle(allRead('call-muted'))).toBe('Muted · Jonas Weber · Duet');
  expect(windowTitle(fixture('home-alone'))).toBe('Duet');
  expect(windowTitle(fixture('waiting'))).toContain('amber-river-falcon');
});

test('the title counts what nobody has looked at', () => {
  const missed = fixture('home-missed');
  expect(windowTitle(missed)).toBe('(3) Duet');
  expect(windowTitle({ ...missed, notices: [] })).toBe('(2) Duet');
  expect(windowTitle({ ...fixture('home-alone'), notices: missed.notices })).toBe('(1) Duet');
  // Who is in the call and wrote is among the people too: counted once.
  const call = { ...fixture('call'), callUnread: 2 };
  expect(windowTitle(call)).toBe('(2) Jonas Weber · Duet');
  expect(windowTitle({ ...allRead('call'), callUnread: 2 })).toBe('(2) Jonas Weber · Duet');
});

test('a missed call is called back as they called', () => {
  expect(callBackMedia(base.recents, 'Priya Raman')).toBe('audio');
  expect(callBackMedia(base.recents, 'Ada Okafor')).toBe('video');
});

test('nobody reads an address of this computer where a name belongs', () => {
  const remote = fixture('home-remote').server;
  const other = { ...remote, host: '127.0.0.1:7440' };
  for (const words of [offText, onlineHint, noneText, noAnswer, serverName, serverTitle]) {
    expect(words(base.server)).not.toMatch(/127\.0|7440|This computer\b(?!’s)/);
    expect(words(remote)).toContain('duet.example.org');
    expect(words(other)).toContain('127.0.0.1:7440, on this computer');
  }
  expect(offText(base.server)).toContain('this network once you let them join');
  expect(refusedText('refused', base.server, 'Ann')).not.toContain('Ask');
  expect(refusedText('nameTaken', base.server, 'Ann')).toContain('Ann');
});

test('sentences follow each other as the language has it', () => {
  expect(sentences('One.', false, 'Two.')).toBe('One. Two.');
  setLocale('zh-CN', []);
  expect(sentences('一。', null, '二。')).toBe('一。二。');
  setLocale('en', []);
});

test('readers hear join, leave, mute and reconnect, and nothing for a timer', () => {
  expect(announcements(fixture('negotiating'), fixture('call'))).toEqual(['Jonas Weber joined']);
  expect(announcements(fixture('call'), fixture('reconnecting'))).toEqual(['Reconnecting']);
  expect(announcements(fixture('reconnecting'), fixture('call'))).toEqual(['Connected']);
  expect(announcements(fixture('call'), fixture('peer-left'))).toEqual(['Jonas Weber left']);
  expect(announcements(fixture('call'), fixture('call-muted'))).toEqual(['Microphone muted', 'Jonas Weber muted the microphone']);
  expect(announcements(fixture('call'), { ...fixture('call'), statistics: fixture('call-statistics').statistics })).toEqual([]);
});

test('a device row names the device, or what is wrong and what to do', () => {
  const { devices } = base;
  expect(deviceRowText('microphone', devices.microphones, null)).toEqual({ caption: 'Microphone', value: 'System default (Yeti Nano)', look: 'normal' });
  expect(deviceRowText('camera', devices.cameras, 'inUse')).toEqual({ caption: 'Camera · In use by another program', value: 'Logitech Brio 4K', look: 'bad' });
  const none: DeviceKindView = { list: [], selectedId: null, defaultName: null, activeName: null, absent: null };
  expect(deviceRowText('microphone', none, 'noneFound').look).toBe('warn');
  const away = { ...deviceKindView(devices, 'speaker'), absent: { id: 'x', name: 'Jabra' } };
  expect(deviceRowText('speaker', away, null)).toEqual({ caption: 'Not connected, using Built-in speakers', value: 'Jabra', look: 'warn' });
});

test('a lost microphone says that mute did not change', () => {
  const data = { code: 'deviceLost', device: 'microphone', name: 'Yeti', fallbackName: 'Built-in' } as const;
  expect(noticeText(data, true).text).toBe('Using Built-in. You are still muted.');
  expect(noticeText(data, false).text).toBe('Using Built-in.');
  expect(noticeText({ ...data, fallbackName: null }, true).text).toBe('You can still listen.');
});

test('at most two notices, and no error is pushed out', () => {
  const notice = (id: number, level: Notice['level']): Notice => ({ id, level, data: { code: 'signalingBack' }, actions: [] });
  const ids = shownNotices([notice(1, 'error'), notice(2, 'info'), notice(3, 'info'), notice(4, 'warn')]).map(({ id }) => id);
  expect(ids).toEqual([1, 4]);
});
