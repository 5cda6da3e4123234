/**
 * The page of `cargo xtask bench frames`: the same renderer shows frames that come by the application's socket, or by a
 * `Channel` of Tauri. After a warm-up it counts for a while and hands its figures over as a window title.
 */
import { Channel, invoke } from '@tauri-apps/api/core';
import { FrameClient } from '../src/frames/client';
import { latencyMs, nowMs, type DrawnFrame } from '../src/frames/figures';
import { parseFrame, REMOTE, type Frame } from '../src/frames/protocol';
import { createRenderer } from '../src/frames/renderer';
import type { FrameSocket } from '../src/generated/view';

const WARM_UP_MS = 3000;
const parameters = new URLSearchParams(location.search);
const seconds = Number(parameters.get('seconds'));
const canvas = document.querySelector('canvas');
const renderer = canvas && createRenderer('canvas2d', canvas);
if (!canvas || !renderer) throw new Error('no canvas');

let received = 0;
let drawn: Pick<DrawnFrame, 'drawnMs' | 'handedOverUs'>[] = [];

function draw(frame: Frame): boolean {
  const shown = renderer?.draw(frame) ?? false;
  if (shown) drawn.push({ drawnMs: nowMs(), handedOverUs: frame.handedOverUs });
  return shown;
}

async function bySocket(): Promise<void> {
  const client = new FrameClient(() => invoke<FrameSocket>('frame_socket'), 0);
  client.attach(REMOTE, { draw: (frame) => ((received += 1), draw(frame)) });
  client.setSize(REMOTE, canvas?.clientWidth ?? 0, canvas?.clientHeight ?? 0);
  client.start();
}

/** Drawn with the screen as well, and the newest wins as well. */
async function byChannel(): Promise<void> {
  let newest: Frame | null = null;
  const channel = new Channel<ArrayBuffer>((message) => {
    received += 1;
    const waits = newest !== null;
    newest = parseFrame(message);
    if (waits) return;
    requestAnimationFrame(() => {
      if (newest) draw(newest);
      newest = null;
    });
  });
  await invoke('ui_ready', { channel });
}

async function measure(): Promise<void> {
  await (parameters.get('way') === 'channel' ? byChannel() : bySocket());
  await new Promise((done) => setTimeout(done, WARM_UP_MS));
  await invoke('set_window_title', { title: 'measuring' });
  drawn = [];
  received = 0;
  const from = nowMs();
  await new Promise((done) => setTimeout(done, seconds * 1000));
  const elapsed = (nowMs() - from) / 1000;
  const latencies = drawn.map(latencyMs).sort((a, b) => a - b);
  const share = (part: number): number | null => latencies[Math.floor(latencies.length * part)] ?? null;
  const figures = { frames: drawn.length, received, framesPerSecond: drawn.length / elapsed, p50: share(0.5), p95: share(0.95) };
  await invoke('set_window_title', { title: JSON.stringify(figures) });
}

void measure();
