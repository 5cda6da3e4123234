/**
 * The call of one room: joins, meets, negotiates, loses and finds again, leaves. It joins {@link Signaling}, {@link Link} and the
 * tracks of {@link import('./media.js').Media}; the screens read its fields and are told when they change.
 *
 * - Whoever is there first makes the first offer and stays impolite.
 * - Losing the server never ends a call whose media flows.
 * - Losing media is "reconnecting" for two minutes, then the call has failed.
 */
import { Chat } from './chat.js';
import { Waitlist } from './candidates.js';
import { randomId } from './ids.js';
import { Link } from './link.js';
import { pathKind } from './path.js';
import { Recovery } from './recovery.js';
import { Signaling } from './signaling.js';

/** @typedef {import('./call-types.js').Kind} Kind */
/** @typedef {import('./call-types.js').Failure} Failure */
/** @typedef {import('./call-types.js').Peer} Peer */
/** @typedef {import('./call-types.js').CallOptions} CallOptions */
/** @typedef {import('./signaling.js').Message} Message */

/** Tries to reach the server before the first `joined` until the person is told; it goes on trying after a Retry. */
const MAX_FIRST_TRIES = 3;

export class Call {
  /** @type {Kind} */
  kind = 'joining';
  /** @type {Peer | null} */
  peer = null;
  /** Milliseconds of `Date.now()`: connected for the first time. @type {number | null} */
  since = null;
  /** The same for a path that was lost. @type {number | null} */
  lostAt = null;
  /** How long the call was, when it is over. */
  durationMs = 0;
  /** @type {'left' | 'lost'} */
  leaveReason = 'left';
  /** @type {Failure | null} */
  failure = null;
  failureCode = '';
  isServerThere = false;
  isPeerAway = false;
  /** @type {import('./path.js').PathKind} */
  path = 'unknown';
  chat = new Chat();

  #options;
  #uid = randomId();
  #signaling;
  /** @type {Link | undefined} */
  #link;
  /** @type {RTCIceServer[]} */
  #iceServers = [];
  /** @type {string | undefined} */
  #resumeToken;
  #isFirst = false;
  #early = new Waitlist();
  #recovery = new Recovery({
    canReach: () => this.isServerThere && !this.isPeerAway,
    restart: () => this.#link?.restart(),
    giveUp: (failure) => this.#fail(failure),
  });

  /** @param {CallOptions} options */
  constructor(options) {
    this.#options = options;
    this.#signaling = new Signaling(options.url, {
      onopen: () => this.#join(),
      onmessage: (message) => this.#receive(message),
      onlost: (failures) => this.#serverLost(failures),
      onend: (reason) => this.#fail(reason === 'replaced' ? 'replaced' : 'internal'),
    });
    this.#signaling.connect();
  }

  /** Whether somebody is, or was a moment ago, on the line. */
  get isLive() {
    return this.kind === 'connected' || this.kind === 'reconnecting';
  }

  get isOver() {
    return this.kind === 'full' || this.kind === 'failed' || this.kind === 'left';
  }

  /** What of the other there is to see and hear. */
  pictures() {
    return this.#link?.pictures() ?? { audio: null, main: null, tile: null };
  }

  /**
   * Sends another track, or none.
   *
   * @param {'audio' | 'video'} kind
   * @param {MediaStreamTrack | null} track
   */
  setTrack(kind, track) {
    this.#link?.setTrack(kind, track).catch(() => undefined);
  }

  /** Tells the other what our media does now. */
  tellMediaState() {
    if (this.peer !== null) this.#forward('media-state', { ...this.#options.mediaState() });
  }

  /** @param {string} content */
  write(content) {
    const id = randomId();
    this.chat.write(id, content);
    if (!this.#signaling.send({ cmd: 'message', roomId: this.#options.room, content, id })) this.chat.settle(id, 'failed');
    this.#options.onchange();
  }

  /** Does not wait for the next try: the person asked, or the network is back. */
  retryNow() {
    if (this.isOver) return;
    this.#signaling.connect();
    if (this.kind === 'reconnecting') this.#link?.restart();
  }

  leave() {
    if (this.isOver) return;
    this.#signaling.send({ cmd: 'leave', roomId: this.#options.room, uid: this.#uid });
    this.#end('left');
  }

  #join() {
    const { room: roomId, name, token } = this.#options;
    const mine = { name: name === '' ? undefined : name, token: token ?? undefined, resumeToken: this.#resumeToken };
    this.#signaling.send({ cmd: 'join', roomId, uid: this.#uid, resume: true, ...mine });
  }

  /** @param {Message} message */
  #receive(message) {
    if (this.isOver) return;
    switch (message.cmd) {
      case 'joined':
        this.#joined(message);
        break;
      case 'new-peer':
      case 'resp-join':
        this.#meet(message);
        break;
      case 'offer':
      case 'answer':
      case 'candidate':
        this.#negotiate(message.cmd, message);
        break;
      case 'media-state':
        this.#peerMedia(message);
        break;
      case 'peer-away':
      case 'peer-back':
        this.#peerAway(message);
        break;
      case 'peer-leave':
        this.#peerLeft(message);
        break;
      case 'message':
        this.chat.receive(/** @type {any} */ (message), this.#options.chatSeen());
        break;
      case 'delivered':
        this.chat.settle(message.id, 'delivered');
        break;
      case 'ice-servers':
        this.#takeIceServers(message);
        break;
      case 'full':
        this.#end('full');
        break;
      case 'error':
        this.#refused(message);
        break;
      default:
        // A newer server may say more.
        return;
    }
    this.#options.onchange();
  }

  /** @param {Message} message */
  #joined(message) {
    this.isServerThere = true;
    this.#takeIceServers(message);
    if (typeof message.resumeToken === 'string') this.#resumeToken = message.resumeToken;
    if (this.kind === 'joining') this.kind = 'waiting';
    const isAlone = message.resumed === true && message.userNum === 1;
    if (isAlone && this.peer !== null) this.#goodbye('lost');
  }

  /** @param {Message} message */
  #takeIceServers(message) {
    if (!Array.isArray(message.iceServers)) return;
    this.#iceServers = message.iceServers.slice(0, 16);
    try {
      this.#link?.setIceServers(this.#iceServers);
    } catch {
      // One that the browser does not understand: the call goes on with those it has.
    }
  }

  /** Somebody is there. For one whose connection lives nothing starts anew. @param {Message} message */
  #meet(message) {
    const { remoteUid, name } = message;
    if (typeof remoteUid !== 'string') return;
    if (this.peer?.uid === remoteUid && this.#link !== undefined) {
      this.isPeerAway = false;
      this.#comeTogether();
      return;
    }
    this.#closeLink();
    this.peer = { uid: remoteUid, name: typeof name === 'string' ? name : '', audio: 'on', video: 'on' };
    this.isPeerAway = false;
    this.since = this.lostAt = null;
    this.#isFirst = message.cmd === 'new-peer';
    this.kind = 'connecting';
    this.#recovery.limitConnecting();
    if (this.#isFirst) this.#open(randomId()).begin();
    this.tellMediaState();
  }

  /**
   * @param {'offer' | 'answer' | 'candidate'} word
   * @param {Message} message
   */
  #negotiate(word, message) {
    if (message.uid !== this.peer?.uid) return;
    const session = typeof message.session === 'string' ? message.session : null;
    const isOfLink = this.#link !== undefined && (session === null || session === this.#link.session);
    if (isOfLink) this.#link?.receive(word, message.msg);
    else if (word === 'candidate') this.#early.add({ key: session, json: String(message.msg) });
    else if (word === 'offer') this.#replace(session ?? randomId(), message.msg);
  }

  /**
   * The other begins a session: the first one, or a new PeerConnection in the place of one that is over. When both begin one at
   * once, that of the impolite side stays.
   *
   * @param {string} session
   * @param {unknown} msg
   */
  #replace(session, msg) {
    const isBeginning = this.#link !== undefined && this.#link.pc.remoteDescription === null;
    if (isBeginning && this.#isFirst) return;
    const link = this.#open(session);
    link.receive('offer', msg);
    for (const json of this.#early.take(session)) link.receive('candidate', json);
    if (this.since !== null) this.#pathLost();
  }

  /** @param {string} session */
  #open(session) {
    this.#closeLink();
    this.#link = new Link({
      session,
      polite: !this.#isFirst,
      iceServers: this.#iceServers,
      tracks: this.#options.tracks(),
      maySend: this.#options.maySend,
      send: (word, session, msg) => this.#forward(word, { session, msg }),
      onchange: () => this.#linkChanged(),
    });
    if (this.kind === 'connecting') this.#recovery.limitConnecting();
    return this.#link;
  }

  #linkChanged() {
    switch (this.#link?.pc.connectionState) {
      case 'connected':
        this.#connected();
        break;
      case 'disconnected':
      case 'failed':
        this.#pathLost();
        break;
      default:
        break;
    }
    this.#options.onchange();
  }

  #connected() {
    this.#recovery.stop();
    this.lostAt = null;
    if (this.kind !== 'connected') {
      this.kind = 'connected';
      this.since ??= Date.now();
      this.tellMediaState();
    }
    const link = this.#link;
    if (link === undefined) return;
    void pathKind(link.pc).then((path) => {
      if (link !== this.#link) return;
      this.path = path;
      this.#options.onchange();
    });
  }

  #pathLost() {
    if (!this.isLive && this.kind !== 'connecting') return;
    // A call that never was goes on connecting; the same ladder helps it.
    if (this.kind === 'connected') {
      this.kind = 'reconnecting';
      this.lostAt = Date.now();
    }
    this.#recovery.search(!this.#isFirst, this.lostAt);
  }

  /** After a break of either connection to the server: what was said meanwhile may be lost. */
  #comeTogether() {
    this.#link?.sendAgain();
    if (this.kind === 'reconnecting') this.#recovery.searchNow(!this.#isFirst, this.lostAt);
    this.tellMediaState();
  }

  /** @param {number} failures */
  #serverLost(failures) {
    const isFirstJoin = this.kind === 'joining';
    this.isServerThere = false;
    this.chat.failSending();
    if (isFirstJoin && failures >= MAX_FIRST_TRIES) this.#fail('serverUnreachable');
    this.#options.onchange();
  }

  /** @param {Message} message */
  #peerAway(message) {
    if (message.remoteUid !== this.peer?.uid) return;
    this.isPeerAway = message.cmd === 'peer-away';
    if (this.isPeerAway) return;
    if (this.kind === 'connecting') this.#recovery.limitConnecting();
    this.#comeTogether();
  }

  /** @param {Message} message */
  #peerLeft(message) {
    if (message.remoteUid === this.peer?.uid) this.#goodbye(message.reason === 'lost' ? 'lost' : 'left');
  }

  /** The other is gone; we wait in the room. @param {'left' | 'lost'} reason */
  #goodbye(reason) {
    this.#closeLink();
    this.leaveReason = reason;
    this.kind = 'peerLeft';
    this.since = this.lostAt = null;
    this.isPeerAway = false;
  }

  /** @param {Message} message */
  #peerMedia(message) {
    if (this.peer === null || message.uid !== this.peer.uid) return;
    const { audio, video } = message;
    if (audio === 'on' || audio === 'muted' || audio === 'none') this.peer.audio = audio;
    if (video === 'on' || video === 'off' || video === 'lost' || video === 'screen') this.peer.video = video;
  }

  /** @param {Message} message */
  #refused(message) {
    if (message.ref === 'message') this.chat.settle(message.id, 'failed');
    if (message.ref !== 'join') return;
    this.failureCode = String(message.code);
    if (message.code === 'not-allowed') this.#fail('notAllowed');
    else if (message.code === 'rate-limited') this.#fail('rateLimited');
    else this.#fail('refused');
  }

  /**
   * @param {string} cmd
   * @param {Record<string, unknown>} fields
   */
  #forward(cmd, fields) {
    this.#signaling.send({ cmd, roomId: this.#options.room, uid: this.#uid, remoteUid: this.peer?.uid, ...fields });
  }

  /** @param {Failure} failure */
  #fail(failure) {
    if (this.isOver) return;
    this.failure = failure;
    this.#signaling.send({ cmd: 'leave', roomId: this.#options.room, uid: this.#uid });
    this.#end('failed');
    this.#options.onchange();
  }

  /** @param {'left' | 'full' | 'failed'} kind */
  #end(kind) {
    this.durationMs = this.since === null ? 0 : Date.now() - this.since;
    this.kind = kind;
    this.#closeLink();
    this.#signaling.stop();
    this.#options.onchange();
  }

  #closeLink() {
    this.#recovery.stop();
    this.#link?.close();
    this.#link = undefined;
    this.path = 'unknown';
  }
}
