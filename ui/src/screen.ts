/** Which screen a view shows. Pure: a reloaded page lands where it was. */
import type { View } from './generated/view';

export type Screen = 'home' | 'lobby' | 'calling' | 'unanswered' | 'call' | 'full' | 'failed' | 'ended' | 'display' | 'presenting';

export function screenOf(view: Pick<View, 'call' | 'lobby' | 'cast'>): Screen {
  switch (view.call.kind) {
    case 'idle':
      return view.lobby === null ? 'home' : 'lobby';
    case 'calling':
      return 'calling';
    case 'unanswered':
      return 'unanswered';
    case 'joining':
    case 'waitingForPeer':
    case 'negotiating':
    case 'connected':
    case 'reconnecting':
    case 'peerLeft':
      if (view.cast === null) return 'call';
      return view.cast.role === 'display' ? 'display' : 'presenting';
    case 'full':
      return 'full';
    case 'failed':
      return 'failed';
    case 'left':
      return 'ended';
  }
}
