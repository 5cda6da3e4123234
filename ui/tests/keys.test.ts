import { expect, test } from 'vitest';
import { callKey, globalKey, isTalkKey, type Press } from '../src/keys';

const element = (selector: string): EventTarget => ({ matches: (wanted: string) => wanted.split(', ').includes(selector) }) as unknown as EventTarget;
const press = (key: string, more: Partial<Press> = {}): Press => ({
  key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, repeat: false, defaultPrevented: false, target: null, ...more,
});

test('letters mean something in a call', () => {
  expect(['m', 'V', 's', 'i', 'x'].map((key) => callKey(press(key)))).toEqual(['microphone', 'camera', 'share', 'statistics', null]);
});

test('letters typed into a field mean themselves', () => {
  const target = element('input');
  expect(callKey(press('m', { target }))).toBeNull();
  expect(globalKey(press('?', { target, shiftKey: true }))).toBeNull();
  expect(globalKey(press('d', { target }))).toBeNull();
});

test('a held or modified letter toggles nothing', () => {
  expect(callKey(press('m', { repeat: true }))).toBeNull();
  expect(callKey(press('m', { ctrlKey: true }))).toBeNull();
  expect(callKey(press('v', { metaKey: true }))).toBeNull();
});

test('leaving takes three keys', () => {
  expect(callKey(press('H', { ctrlKey: true, shiftKey: true }))).toBe('leave');
  expect(callKey(press('h', { metaKey: true, shiftKey: true }))).toBe('leave');
  expect(callKey(press('h', { ctrlKey: true }))).toBeNull();
});

test('keys that work everywhere', () => {
  expect([press('?', { shiftKey: true }), press('d'), press('f'), press('F11'), press('Escape')].map(globalKey)).toEqual([
    'keySheet', 'devices', 'fullScreen', 'fullScreen', 'escape',
  ]);
});

test('Space talks only where it does nothing else', () => {
  expect(isTalkKey(press(' '))).toBe(true);
  expect(isTalkKey(press(' ', { metaKey: true }))).toBe(false);
  expect(isTalkKey(press(' ', { target: element('button') }))).toBe(false);
  expect(isTalkKey(press(' ', { target: element('input') }))).toBe(false);
});
