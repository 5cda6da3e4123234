import { expect, test } from 'vitest';
import { held, HOLD_MS, press, release, type Talk } from '../src/talk';

const idle: Talk = { kind: 'idle' };

test('a short press changes nothing', () => {
  const pressed = press(idle, 0).talk;
  expect(held(pressed, HOLD_MS - 1, false).microphone).toBeNull();
  expect(release(pressed)).toEqual({ talk: idle, microphone: null });
});

test.each([true, false])('a hold turns the microphone round and back (on: %s)', (on) => {
  const holding = held(press(idle, 0).talk, HOLD_MS, on);
  expect(holding.microphone).toBe(!on);
  expect(release(holding.talk)).toEqual({ talk: idle, microphone: on });
});

test('key repeat does not start a new hold', () => {
  const holding = held(press(idle, 0).talk, HOLD_MS, false).talk;
  expect(press(holding, 900)).toEqual({ talk: holding, microphone: null });
  expect(held(holding, 900, true).microphone).toBeNull();
});
