/** What a key press means. Pure: from an event to a word. Letters count only without modifiers and outside of text fields. */
export type GlobalKey = 'keySheet' | 'devices' | 'fullScreen' | 'escape';
export type CallKey = 'microphone' | 'camera' | 'share' | 'statistics' | 'chat' | 'leave';

export interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
  repeat: boolean;
  defaultPrevented: boolean;
  target: EventTarget | null;
}

export function globalKey(press: Press): GlobalKey | null {
  if (press.defaultPrevented || press.repeat || press.ctrlKey || press.metaKey || press.altKey) return null;
  if (press.key === 'F11') return 'fullScreen';
  if (press.key === 'Escape') return 'escape';
  if (inText(press.target)) return null;
  if (press.key === '?') return 'keySheet';
  if (press.shiftKey) return null;
  switch (press.key.toLowerCase()) {
    case 'd':
      return 'devices';
    case 'f':
      return 'fullScreen';
    default:
      return null;
  }
}

export function callKey(press: Press): CallKey | null {
  if (press.defaultPrevented || press.repeat || press.altKey) return null;
  const letter = press.key.toLowerCase();
  if ((press.ctrlKey || press.metaKey) && press.shiftKey) return letter === 'h' ? 'leave' : null;
  if (press.ctrlKey || press.metaKey || press.shiftKey || inText(press.target)) return null;
  switch (letter) {
    case 'm':
      return 'microphone';
    case 'v':
      return 'camera';
    case 's':
      return 'share';
    case 'c':
      return 'chat';
    case 'i':
      return 'statistics';
    default:
      return null;
  }
}

/** Space talks only where it does nothing else: no modifier, no field, no button under the focus. */
export function isTalkKey(press: Press): boolean {
  const modified = press.ctrlKey || press.metaKey || press.altKey || press.shiftKey;
  return press.key === ' ' && !press.defaultPrevented && !modified && !inText(press.target) && !onControl(press.target);
}

export function inText(target: EventTarget | null): boolean {
  return matches(target, 'input, textarea, select, [contenteditable="true"]');
}

function onControl(target: EventTarget | null): boolean {
  return matches(target, 'button, a, [role="slider"], [role^="menuitem"]');
}

function matches(target: EventTarget | null, selector: string): boolean {
  const element = target as Partial<Element> | null;
  return typeof element?.matches === 'function' && element.matches(selector);
}
