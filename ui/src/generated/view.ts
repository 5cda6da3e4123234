// The boundary between Rust and the page. Written by ts-rs from `src-tauri/src/view.rs`.
// Times are Unix milliseconds of this computer's clock. Texts for people are never sent: only codes and data.

/** Everything the page shows, sent whole with every change (event `view`). */
export type View = { call: CallView, lobby: LobbyView | null, microphone: LocalMediaView, camera: LocalMediaView, devices: DevicesView, server: ServerView, confirmServer: ConfirmServerView | null, notices: Array<Notice>, recents: Array<RecentRoom>, settings: Settings, statistics: StatisticsView | null, speakerTestRunning: boolean, fullScreen: boolean, closeRequested: boolean, };

/** The call, one variant for each state of the machine. */
export type CallView = { "kind": "idle" } | { "kind": "joining", roomId: string, } | { "kind": "waitingForPeer", roomId: string, inviteUrl: string, } | { "kind": "negotiating", roomId: string, peer: PeerView, } | { "kind": "connected", roomId: string, peer: PeerView, sinceMs: number, path: CallPath, quality: Quality | null, } | { "kind": "reconnecting", roomId: string, peer: PeerView, sinceMs: number, lostMs: number, deadlineMs: number, cause: ReconnectCause, } | { "kind": "peerLeft", roomId: string, peer: PeerView, reason: PeerLeftReason, durationMs: number | null, inviteUrl: string, } | { "kind": "full", roomId: string, } | { "kind": "failed", roomId: string, failure: Failure, } | { "kind": "left", roomId: string, peerName: string | null, durationMs: number | null, };

/** The other person: their name (null when they gave none) and what they say they send. */
export type PeerView = { name: string | null, audio: RemoteAudio, video: RemoteVideo, };

export type RemoteAudio = "on" | "muted" | "none";

export type RemoteVideo = "on" | "off" | "lost" | "screen";

export type CallPath = "unknown" | "local" | "direct" | "relay";

export type Quality = "excellent" | "good" | "fair" | "poor";

export type ReconnectCause = "networkChanged" | "noPackets" | "peerAway" | "serverLost";

export type PeerLeftReason = "left" | "lost";

/** Why a call could not start or could not go on. */
export type Failure = { "code": "serverUnreachable", host: string, } | { "code": "untrustedCertificate", host: string, sha256Fingerprint: string, } | { "code": "connectionFailed" } | { "code": "reconnectTimedOut" } | { "code": "refused", serverCode: string, } | { "code": "replaced" } | { "code": "internal" };

/** The lobby is open for this room; nothing is sent while it is. `serverHost` is set when the room is on another server than the configured one. */
export type LobbyView = { roomId: string, serverHost: string | null, };

/** The person's own switch. A device that fails leaves `on` as it was chosen. */
export type LocalMediaView = { on: boolean, problem: DeviceProblem | null, };

export type DevicesView = { cameras: DeviceKindView, microphones: DeviceKindView, speakers: DeviceKindView, };

/** `selectedId` null follows the system default. `absent` is remembered but not connected; `activeName` is what is used meanwhile. */
export type DeviceKindView = { list: Array<DeviceView>, selectedId: string | null, defaultName: string | null, activeName: string | null, absent: DeviceView | null, };

export type DeviceView = { id: string, name: string, };

export type DeviceKind = "camera" | "microphone" | "speaker";

export type DeviceProblem = "noneFound" | "inUse" | "notAllowed" | "stalled" | "failed";

/** `network` says whether the embedded server is open to other computers. */
export type ServerView = { url: string, host: string, embedded: boolean, reach: ServerReach, network: NetworkView, };

export type ServerReach = { "kind": "checking" } | { "kind": "reachable", roundTripMs: number | null, } | { "kind": "unreachable", retryAtMs: number | null, } | { "kind": "untrusted", sha256Fingerprint: string, };

export type NetworkView = { "kind": "notEmbedded" } | { "kind": "closed" } | { "kind": "opening" } | { "kind": "open", address: string, inviteUrl: string, } | { "kind": "failed" };

/** An invite points to a server that is not the configured one: the person decides. */
export type ConfirmServerView = { roomId: string, url: string, host: string, };

export type Notice = { id: number, level: NoticeLevel, data: NoticeData, actions: Array<NoticeAction>, };

export type NoticeLevel = "info" | "ok" | "warn" | "error";

export type NoticeData = { "code": "deviceLost", device: DeviceKind, name: string, fallbackName: string | null, } | { "code": "deviceBack", device: DeviceKind, name: string, } | { "code": "deviceFailed", device: DeviceKind, name: string, problem: DeviceProblem, } | { "code": "signalingLost" } | { "code": "signalingBack" } | { "code": "settingsReset", keptAs: string, } | { "code": "peerJoined", name: string | null, };

export type NoticeAction = "undo" | "retry" | "pickAnother";

/** `serverUrl` is set when it was on another server than the configured one. */
export type RecentRoom = { roomId: string, serverUrl: string | null, peerName: string | null, endedMs: number, durationMs: number | null, };

export type Settings = { displayName: string, cameraFormat: CameraFormat, mirrorSelfView: boolean, serverUrl: string, iceServers: Array<IceServerSetting>, icePolicy: IcePolicy, language: LanguageChoice, theme: ThemeChoice, textPercent: number, reduceMotion: boolean, moreContrast: boolean, hideControls: boolean, renderer: RendererChoice, };

/** What changes; absent fields stay. An empty `serverUrl` means automatic. */
export type SettingsPatch = { displayName?: string, cameraFormat?: CameraFormat, mirrorSelfView?: boolean, serverUrl?: string, iceServers?: Array<IceServerSetting>, icePolicy?: IcePolicy, language?: LanguageChoice, theme?: ThemeChoice, textPercent?: number, reduceMotion?: boolean, moreContrast?: boolean, hideControls?: boolean, renderer?: RendererChoice, };

export type CameraFormat = { width: number, height: number, framesPerSecond: number, };

export type IceServerSetting = { url: string, username: string, credential: string, };

export type IcePolicy = "all" | "relay";

export type LanguageChoice = "system" | "en" | "zh-CN";

export type ThemeChoice = "system" | "light" | "dark";

export type RendererChoice = "automatic" | "canvas2d" | "webgl2";

/** Once a second while the panel is open. Null means not known. */
export type StatisticsView = { roundTripMs: number | null, lossRatio: number | null, receiveBps: number | null, sendBps: number | null, videoIn: VideoStatistics | null, videoOut: VideoStatistics | null, soundIn: SoundStatistics | null, path: PathStatistics | null, };

export type VideoStatistics = { codec: string, width: number, height: number, framesPerSecond: number, framesDropped: number | null, latencyMs: number | null, };

export type SoundStatistics = { codec: string, bufferMs: number | null, concealedRatio: number | null, };

export type PathStatistics = { kind: CallPath, protocol: string, };

/** Event `level`, about 20 a second while a microphone is open; −100 is silence. */
export type Level = { microphoneDbfs: number, };

export type JoinRequest = { name: string, microphoneOn: boolean, cameraOn: boolean, };

/** Answer to `preview_invite` and `open_lobby`: what the text means. */
export type InviteResult = { "kind": "room", roomId: string, } | { "kind": "otherServer", roomId: string, host: string, } | { "kind": "invalid", code: InviteProblem, };

export type InviteProblem = "empty" | "tooLong" | "notAnInvite";

/** Where frames come from. The token is single use: ask again for each connection. */
export type FrameSocket = { url: string, token: string, hint: RendererHint, };

export type RendererHint = "unknown" | "noGpu" | "gpu";

/** A command that was refused: a code for the page, a detail for the log. */
export type CommandError = { code: CommandErrorCode, detail: string, };

export type CommandErrorCode = "invalid" | "notNow" | "device" | "network" | "internal";
