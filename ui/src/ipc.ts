/**
 * The only file that touches Tauri. Each method is one command of the shell, each event one type of `generated/view.ts`.
 * Each window has its own backend: the shell allows it no other commands.
 */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Backend } from './backend';
import type { FrameSocket, IncomingWindowView, InviteResult, Level, ScreensAnswer, SharingWindowView, View } from './generated/view';
import type { IncomingBackend } from './incoming';
import type { SharingBackend } from './sharing';

export const tauriBackend: Backend = {
  onView: (listener) => listen<View>('view', (event) => listener(event.payload)),
  onLevel: (listener) => listen<Level>('level', (event) => listener(event.payload)),

  uiReady: () => invoke<View>('ui_ready'),
  previewInvite: (text) => invoke<InviteResult>('preview_invite', { text }),
  openLobby: (text) => invoke<InviteResult>('open_lobby', { text }),
  confirmServer: (accept) => invoke('confirm_server', { accept }),
  newRoom: () => invoke('new_room'),
  closeLobby: () => invoke('close_lobby'),
  join: (request) => invoke('join', { request }),
  cancel: () => invoke('cancel'),
  leave: () => invoke('leave'),
  retry: () => invoke('retry'),
  rejoin: () => invoke('rejoin'),
  dismiss: () => invoke('dismiss'),
  setServerToken: (token) => invoke('set_server_token', { token }),
  trustCertificate: (sha256Fingerprint) => invoke('trust_certificate', { sha256Fingerprint }),

  listScreens: () => invoke<ScreensAnswer>('list_screens'),
  share: (id, title) => invoke('share', { id, title }),
  openCast: () => invoke('open_cast'),
  joinCast: (code, id, title) => invoke('join_cast', { code, id, title }),

  callPerson: (uid, media) => invoke('call_person', { uid, media }),
  callName: (name, media) => invoke('call_name', { name, media }),
  callAgain: () => invoke('call_again'),
  answerCall: (camera) => invoke('answer_call', { camera }),
  declineCall: () => invoke('decline_call'),

  openChat: (uid) => invoke('open_chat', { uid }),
  closeChat: () => invoke('close_chat'),
  sendText: (text) => invoke('send_text', { text }),
  retryText: (id) => invoke('retry_text', { id }),
  openLink: (link) => invoke('open_link', { link }),

  setMicrophone: (on) => invoke('set_microphone', { on }),
  setCamera: (on) => invoke('set_camera', { on }),
  selectDevice: (kind, id) => invoke('select_device', { kind, id }),
  retryDevice: (kind) => invoke('retry_device', { kind }),
  testSpeaker: () => invoke('test_speaker'),
  setPreview: (on) => invoke('set_preview', { on }),

  openToNetwork: () => invoke('open_to_network'),
  closeToNetwork: () => invoke('close_to_network'),
  updateSettings: (patch) => invoke('update_settings', { patch }),
  clearRecents: () => invoke('clear_recents'),
  dismissNotice: (id) => invoke('dismiss_notice', { id }),
  actOnNotice: (id, action) => invoke('act_on_notice', { id, action }),
  setStatisticsOpen: (open) => invoke('set_statistics_open', { open }),

  frameSocket: () => invoke<FrameSocket>('frame_socket'),
  setFullScreen: (on) => invoke('set_full_screen', { on }),
  setWindowTitle: (title) => invoke('set_window_title', { title }),
  confirmClose: (close) => invoke('confirm_close', { close }),
};

export const tauriIncomingBackend: IncomingBackend = {
  incomingReady: () => invoke<IncomingWindowView>('incoming_ready'),
  answerCall: (camera) => invoke('answer_call', { camera }),
  declineCall: () => invoke('decline_call'),
  silenceCall: () => invoke('silence_call'),
};

export const tauriSharingBackend: SharingBackend = {
  sharingReady: () => invoke<SharingWindowView>('sharing_ready'),
  stopSharing: () => invoke('stop_sharing'),
};
