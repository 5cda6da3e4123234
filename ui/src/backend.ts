/**
 * What the page asks of Rust, as an interface: `ipc.ts` fulfils it over Tauri, the screen fixtures under `dev/` fulfil it with data.
 * Components call `backend()` and know nothing of Tauri.
 */
import type {
  CallMedia, DeviceKind, FrameSocket, InviteResult, JoinRequest, Level, NoticeAction, ScreensAnswer, SettingsPatch, View,
} from './generated/view';

export type Unlisten = () => void;

export interface Backend {
  onView(listener: (view: View) => void): Promise<Unlisten>;
  onLevel(listener: (level: Level) => void): Promise<Unlisten>;

  /** The page is drawn and listens: Rust answers with the present view. */
  uiReady(): Promise<View>;
  previewInvite(text: string): Promise<InviteResult>;
  /** A room name, link or pasted invite. Opens the lobby, or asks through `confirmServer` in the view. */
  openLobby(text: string): Promise<InviteResult>;
  confirmServer(accept: boolean): Promise<void>;
  /** A room with a generated name; opens its lobby. */
  newRoom(): Promise<void>;
  closeLobby(): Promise<void>;
  /** Joins the room whose lobby is open. */
  join(request: JoinRequest): Promise<void>;
  cancel(): Promise<void>;
  leave(): Promise<void>;
  /** Tries again at once: a lost connection, an unreachable server, a full room. */
  retry(): Promise<void>;
  rejoin(): Promise<void>;
  /** From a last screen (full, failed, left) back to Home. */
  dismiss(): Promise<void>;
  /** What admits us to the configured server, if it is closed; empty forgets it. */
  setServerToken(token: string): Promise<void>;
  trustCertificate(sha256Fingerprint: string): Promise<void>;

  /** What can be shown, with pictures of it. */
  listScreens(): Promise<ScreensAnswer>;
  /** Shows a screen or window to the other in the call, or none any more. `title` comes back in the view. */
  share(id: string | null, title: string): Promise<void>;
  /** Becomes a display: `cast` in the view has its code. */
  openCast(): Promise<void>;
  /** Shows a screen or window on the display that shows this code. */
  joinCast(code: string, id: string, title: string): Promise<void>;

  /** Calls somebody who is online. No device opens before they accept. */
  callPerson(uid: string, media: CallMedia): Promise<void>;
  /** Calls whoever is online under this name. */
  callName(name: string, media: CallMedia): Promise<void>;
  /** After a call by name: the same person again. */
  callAgain(): Promise<void>;
  /** Takes the call that rings; leaves the present one first. */
  answerCall(camera: boolean): Promise<void>;
  declineCall(): Promise<void>;

  /** `null` is the other person of the call. */
  openChat(uid: string | null): Promise<void>;
  closeChat(): Promise<void>;
  /** To the person of the open conversation. */
  sendText(text: string): Promise<void>;
  retryText(id: number): Promise<void>;
  /** In the system's browser, if the shell agrees that it is a web address. */
  openLink(link: string): Promise<void>;

  setMicrophone(on: boolean): Promise<void>;
  setCamera(on: boolean): Promise<void>;
  /** `null` follows the system default. */
  selectDevice(kind: DeviceKind, id: string | null): Promise<void>;
  retryDevice(kind: DeviceKind): Promise<void>;
  testSpeaker(): Promise<void>;
  /** Keeps camera and microphone open for the preview in the settings. */
  setPreview(on: boolean): Promise<void>;

  openToNetwork(): Promise<void>;
  closeToNetwork(): Promise<void>;
  updateSettings(patch: SettingsPatch): Promise<void>;
  clearRecents(): Promise<void>;
  dismissNotice(id: number): Promise<void>;
  actOnNotice(id: number, action: NoticeAction): Promise<void>;
  setStatisticsOpen(open: boolean): Promise<void>;

  frameSocket(): Promise<FrameSocket>;
  setFullScreen(on: boolean): Promise<void>;
  setWindowTitle(title: string): Promise<void>;
  /** Answers `closeRequested`: leave the call and close, or stay. */
  confirmClose(close: boolean): Promise<void>;
}

let current: Backend | undefined;

export function setBackend(backend: Backend): void {
  current = backend;
}

export function backend(): Backend {
  if (!current) throw new Error('no backend set');
  return current;
}

/** For buttons: an error of a command is already in the view as a state or a notice; the console has it for developers. */
export function send(command: Promise<unknown>): void {
  command.catch((error: unknown) => console.warn('command refused', error));
}
