/** What a person sees outside of the call's own screen: the title, and what a stranger's state is called. */
import { expect, test } from 'vitest';
import { base, fixtures } from '../dev/fixtures';
import type { View } from '../src/generated/view';
import { windowTitle } from '../src/title';

/** With every text read. */
const quiet = (view: View): View => ({ ...view, people: { ...view.people, list: [] } });
const titleOf = (name: string): string => {
  const fixture = fixtures[name];
  if (!fixture) throw new Error(`no fixture ${name}`);
  return windowTitle(quiet(fixture.view));
};

test('the title says that a screen is shown, on every screen', () => {
  expect(titleOf('call')).toBe('Jonas Weber · Duet');
  expect(titleOf('call-sharing')).toBe('Sharing · Jonas Weber · Duet');
  expect(titleOf('presenting')).toBe('Sharing · Duet');
  const muted = { ...fixtures['call-sharing']!.view, microphone: { ...base.microphone, on: false } };
  expect(windowTitle(quiet(muted))).toBe('Sharing · Muted · Jonas Weber · Duet');
});
