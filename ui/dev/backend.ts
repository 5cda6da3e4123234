/** Answers every command with nothing but a note that it was asked: the screens are driven by fixtures alone. */
import type { Backend } from '../src/backend';
import type { ScreensAnswer, ScreenView, View } from '../src/generated/view';
import type { Fixture } from './fixtures';

const picture = (colour: string): string =>
  `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" width="320" height="200"><rect width="320" height="200" fill="${colour}"/><rect x="40" y="40" width="180" height="110" fill="#fff"/></svg>`)}`;
const screens: ScreenView[] = [
  { id: 'screen:1', isScreen: true, title: 'DELL U2723QE', app: '', width: 2560, height: 1440, picture: picture('#26443d') },
  { id: 'screen:2', isScreen: true, title: 'eDP-1', app: '', width: 1920, height: 1200, picture: picture('#4b5b61') },
  { id: 'window:7', isScreen: false, title: 'May figures', app: 'Document viewer', width: 1200, height: 900, picture: picture('#8fa1a6') },
  { id: 'window:8', isScreen: false, title: '', app: 'Code editor', width: 1400, height: 900, picture: null },
];

const picked: ScreenView[] = [{ id: 'screen:portal-1', isScreen: true, title: '', app: '', width: 2560, height: 1440, picture: picture('#26443d') }];

/** What the picker finds. */
function answer({ screens: found, screenName: name }: Fixture): ScreensAnswer {
  if (found === 'picked') return { kind: 'screens', screens: picked, showsDuet: true };
  if (found !== undefined) return { kind: 'problem', code: found };
  const all = name === undefined ? screens : screens.map((screen) => ({ ...screen, title: name, app: name, picture: null }));
  return { kind: 'screens', screens: all, showsDuet: true };
}

export function fixtureBackend(frameUrl: string): { backend: Backend; calls: string[]; refused: Set<string>; push: (view: View) => void; setScreens: (fixture: Fixture) => void } {
  let found: ScreensAnswer;
  const calls: string[] = [];
  const refused = new Set<string>();
  let view: View | undefined;
  let listener: ((view: View) => void) | undefined;
  const note = (name: string) => (...args: unknown[]): Promise<void> => {
    calls.push(`${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`);
    return refused.has(name) ? Promise.reject(new Error(`${name} is refused`)) : Promise.resolve();
  };
  const backend: Backend = {
    onView: (call) => {
      listener = call;
      return Promise.resolve(() => (listener = undefined));
    },
    onLevel: () => Promise.resolve(() => undefined),
    uiReady: () => (view ? Promise.resolve(view) : Promise.reject(new Error('no fixture'))),
    previewInvite: (text) => Promise.resolve({ kind: 'room', roomId: text.trim() }),
    openLobby: async (text) => {
      await note('openLobby')(text);
      return text.includes('\n') ? { kind: 'invalid', code: 'notAnInvite' } : { kind: 'room', roomId: text };
    },
    frameSocket: () => Promise.resolve({ url: frameUrl, token: 'screens', hint: 'unknown' }),
    confirmServer: note('confirmServer'), newRoom: note('newRoom'), closeLobby: note('closeLobby'), join: note('join'),
    cancel: note('cancel'), leave: note('leave'), retry: note('retry'), rejoin: note('rejoin'), dismiss: note('dismiss'),
    setServerToken: note('setServerToken'), trustCertificate: note('trustCertificate'), setMicrophone: note('setMicrophone'), setCamera: note('setCamera'),
    share: note('share'), openCast: note('openCast'), joinCast: note('joinCast'),
    listScreens: async () => {
      await note('listScreens')();
      return found;
    },
    selectDevice: note('selectDevice'), retryDevice: note('retryDevice'), testSpeaker: note('testSpeaker'), setPreview: note('setPreview'),
    openToNetwork: note('openToNetwork'), closeToNetwork: note('closeToNetwork'), updateSettings: note('updateSettings'),
    clearRecents: note('clearRecents'), dismissNotice: note('dismissNotice'), actOnNotice: note('actOnNotice'),
    setStatisticsOpen: note('setStatisticsOpen'), setFullScreen: note('setFullScreen'), setWindowTitle: () => Promise.resolve(),
    confirmClose: note('confirmClose'), callPerson: note('callPerson'), callName: note('callName'), callAgain: note('callAgain'),
    answerCall: note('answerCall'), declineCall: note('declineCall'), openChat: note('openChat'), closeChat: note('closeChat'),
    sendText: note('sendText'), retryText: note('retryText'), openLink: note('openLink'),
  };
  return {
    backend,
    calls,
    refused,
    setScreens: (fixture) => (found = answer(fixture)),
    push: (next) => {
      view = next;
      listener?.(next);
    },
  };
}
