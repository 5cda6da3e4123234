/** Every screen from a fixture, in a plain browser: to look at, to measure contrast and names with axe. Never part of the product. */
import { flushSync, mount, unmount } from 'svelte';
import App from '../src/App.svelte';
import Incoming from '../src/Incoming.svelte';
import Sharing from '../src/Sharing.svelte';
import { setBackend } from '../src/backend';
import type { PeerView, View } from '../src/generated/view';
import type { IncomingBackend } from '../src/incoming';
import { app } from '../src/state/app.svelte';
import { drafts } from '../src/state/drafts.svelte';
import '../src/styles/all.css';
import { fixtureBackend } from './backend';
import { picker } from '../src/state/share.svelte';
import type { SharingBackend } from '../src/sharing';
import { fixtures, named, type Fixture, type FixtureName } from './fixtures';
import { hostile } from './hostile';

interface Options {
  theme: 'light' | 'dark';
  language: 'en' | 'zh-CN';
  textPercent: number;
  renderer: 'automatic' | 'canvas2d' | 'webgl2';
}

const target = document.getElementById('app')!;
const frameUrl = new URLSearchParams(location.search).get('frames') ?? '';
const { backend, calls, refused, push, setScreens } = fixtureBackend(frameUrl);
setBackend(backend);
const ringBackend: IncomingBackend = {
  incomingReady: () => Promise.reject(new Error('given by the fixture')),
  answerCall: backend.answerCall,
  declineCall: backend.declineCall,
  silenceCall: () => (calls.push('silenceCall()'), Promise.resolve()),
};
const markerBackend: SharingBackend = {
  sharingReady: () => Promise.reject(new Error('given by the fixture')),
  stopSharing: () => (calls.push('stopSharing()'), Promise.resolve()),
};
let shown: Record<string, unknown> | undefined;
let started = false;

async function show(name: FixtureName, options: Options): Promise<void> {
  const fixture = fixtures[name];
  if (!fixture) throw new Error(`no fixture ${name}`);
  await showFixture(fixture, options);
}

/** A screen on which a stranger's text stands wherever one can stand. */
const showWith = (screen: string, text: string, options: Options): Promise<void> => showFixture(named(screen, text), options);

async function showFixture(fixture: Fixture, options: Options): Promise<void> {
  const { theme, language, textPercent, renderer } = options;
  const view: View = { ...fixture.view, settings: { ...fixture.view.settings, theme, language, textPercent, renderer } };
  refused.clear();
  drafts.clear();
  if (shown) await unmount(shown);
  app.settingsPage = fixture.settings ?? null;
  app.keySheetOpen = fixture.keySheet ?? false;
  setScreens(fixture);
  picker.goal = fixture.picker ?? null;
  picker.entry = fixture.entry ?? false;
  push(view);
  if (!started) {
    started = true;
    await app.start();
  }
  app.accept(view);
  app.level = 0.58;
  const ring = fixture.incomingWindow;
  const marker = fixture.sharingWindow;
  shown = marker
    ? mount(Sharing, { target, props: { backend: markerBackend, shown: { ...marker, theme, language, textPercent } } })
    : ring
    ? mount(Incoming, { target, props: { backend: ringBackend, shown: { ...ring, theme, language, textPercent } } })
    : mount(App, { target });
  flushSync();
  if (fixture.picker) {
    // What there is to choose from comes in an answer.
    await new Promise((resolve) => setTimeout(resolve));
    flushSync();
  }
}

/** The other sends something else in the call that is shown. */
function pushPeer(patch: Partial<PeerView>): void {
  const { call } = app.view!;
  if (call.kind === 'connected') push({ ...app.view!, call: { ...call, peer: { ...call.peer, ...patch } } });
}

Object.assign(window, { duet: { show, showWith, hostile, plain: 'Ann', statistics: fixtures['call-statistics']?.view.statistics, names: Object.keys(fixtures), calls, view: () => app.view, finds: (name: FixtureName) => setScreens(fixtures[name]!), refuse: (command: string) => refused.add(command), obey: () => refused.clear(), push: (patch: Partial<View>) => push({ ...app.view!, ...patch }), pushPeer } });
