import { expect, test } from 'vitest';
import { place } from '../src/lib/place';
import { moveIndex } from '../src/lib/roving';
import { sparkline } from '../src/lib/sparkline';
import { moveCorner, nearestCorner } from '../src/state/corner';
import { isNarrow, panelToClose } from '../src/state/panels';
import { largeAfter, shownOf, swapped, type Large } from '../src/state/large';

test('arrow keys go round, Home and End jump', () => {
  expect(moveIndex('ArrowRight', 2, 3, 'horizontal')).toBe(0);
  expect(moveIndex('ArrowUp', 0, 3, 'vertical')).toBe(2);
  expect(moveIndex('ArrowDown', 0, 3, 'horizontal')).toBeNull();
  expect([moveIndex('Home', 2, 3, 'both'), moveIndex('End', 0, 3, 'both')]).toEqual([0, 2]);
  expect(moveIndex('Home', 0, 0, 'both')).toBeNull();
});

test('a dropped tile goes to the nearest corner', () => {
  expect(nearestCorner(10, 10, 800, 600)).toBe('top-left');
  expect(nearestCorner(790, 301, 800, 600)).toBe('bottom-right');
});

test('arrow keys lead from corner to corner and stop at the edge', () => {
  expect(moveCorner('bottom-right', 'ArrowUp')).toBe('top-right');
  expect(moveCorner('top-right', 'ArrowLeft')).toBe('top-left');
  expect(moveCorner('top-left', 'ArrowUp')).toBe('top-left');
  expect(moveCorner('bottom-left', 'ArrowRight')).toBe('bottom-right');
});

test('a screen that arrives is large, and a camera that goes is not', () => {
  const [camera, screen, both] = [
    { screen: false, tile: false },
    { screen: true, tile: false },
    { screen: true, tile: true },
  ];
  for (const large of ['peer', 'local', 'camera'] satisfies Large[]) {
    expect(largeAfter(large, camera, screen)).toBe('peer');
    expect(largeAfter(large, camera, both)).toBe('peer');
    // What the person has chosen since then stays.
    expect(largeAfter(large, both, both)).toBe(large);
  }
  expect(largeAfter('camera', both, screen)).toBe('peer');
  expect(largeAfter('camera', both, camera)).toBe('peer');
  expect(largeAfter('local', both, camera)).toBe('local');
});

test('a click on a small picture makes it large, and another one small again', () => {
  expect(swapped('peer', 'camera')).toBe('camera');
  expect(swapped('camera', 'camera')).toBe('peer');
  expect(swapped('camera', 'local')).toBe('local');
});

test('a second picture belongs to a screen', () => {
  const peer = { name: null, audio: 'on', video: 'on', tile: true } as const;
  expect(shownOf(peer)).toEqual({ screen: false, tile: false });
  expect(shownOf({ ...peer, video: 'screen' })).toEqual({ screen: true, tile: true });
  expect(shownOf(null)).toEqual({ screen: false, tile: false });
});

test('one of two panels goes where there is no room, and the new one stays', () => {
  const [none, chat, statistics, both] = [
    { chat: false, statistics: false }, { chat: true, statistics: false }, { chat: false, statistics: true }, { chat: true, statistics: true },
  ];
  expect(panelToClose(none, chat, null)).toBeNull();
  expect(panelToClose(chat, both, null)).toBe('chat');
  expect(panelToClose(statistics, both, null)).toBe('statistics');
  expect(panelToClose(none, both, null)).toBe('statistics');
  // Until it has closed, whatever else changes in the view.
  expect(panelToClose(both, both, 'chat')).toBe('chat');
  expect(panelToClose(both, statistics, 'chat')).toBeNull();
  expect([isNarrow(999, 100), isNarrow(1000, 100), isNarrow(1399, 140), isNarrow(1400, 140)]).toEqual([true, false, true, false]);
});

test('a menu stays in the window, on the roomier side', () => {
  const window = { width: 900, height: 600 };
  const above = place({ left: 400, top: 540, width: 28, height: 48 }, { width: 328, height: 400 }, window);
  expect(above).toMatchObject({ top: null, bottom: 68 });
  const edge = place({ left: 860, top: 40, width: 28, height: 40 }, { width: 328, height: 200 }, window);
  expect(edge).toMatchObject({ left: 560, top: 88 });
  const tall = place({ left: 0, top: 400, width: 50, height: 40 }, { width: 200, height: 900 }, window);
  expect(tall.maxHeight).toBe(380);
});

test('a sparkline leaves out what is not known', () => {
  expect(sparkline([null, 5])).toEqual({ line: '', area: '' });
  expect(sparkline([10, null, 5])).toEqual({ line: 'M0 4L120 15', area: 'M0 4L120 15L120 28L0 28z' });
});
