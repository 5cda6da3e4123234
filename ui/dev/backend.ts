/** Answers every command with nothing but a note that it was asked: the screens are driven by fixtures alone. */
import type { Backend } from '../src/backend';
import type { View } from '../src/generated/view';

export function fixtureBackend(frameUrl: string): { backend: Backend; calls: string[]; push: (view: View) => void } {
  const calls: string[] = [];
  let view: View | undefined;
  let listener: ((view: View) => void) | undefined;
  const note = (name: string) => (...args: unknown[]): Promise<void> => {
    calls.push(`${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`);
    return Promise.resolve();
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
    trustCertificate: note('trustCertificate'), setMicrophone: note('setMicrophone'), setCamera: note('setCamera'),
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
    push: (next) => {
      view = next;
      listener?.(next);
    },
  };
}
