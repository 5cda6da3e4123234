/** What device rows and menus say, made from the view: pure, so that every state is tested. */
import type { DeviceKind, DeviceKindView, DeviceProblem, DevicesView, View } from './generated/view';
import { t } from './i18n.svelte';

export interface DeviceRowText {
  /** The small line: the kind, and what is wrong. */
  caption: string;
  /** The large line: the device. */
  value: string;
  look: 'normal' | 'warn' | 'bad';
}

export function deviceKindView(devices: DevicesView, kind: DeviceKind): DeviceKindView {
  switch (kind) {
    case 'camera':
      return devices.cameras;
    case 'microphone':
      return devices.microphones;
    case 'speaker':
      return devices.speakers;
    case 'ringer':
      return devices.ringers;
  }
}

export function deviceProblem(view: View, kind: DeviceKind): DeviceProblem | null {
  switch (kind) {
    case 'camera':
      return view.camera.problem;
    case 'microphone':
      return view.microphone.problem;
    case 'speaker':
    case 'ringer':
      return view.devices.speakers.list.length === 0 ? 'noneFound' : null;
  }
}

export function defaultName(devices: DeviceKindView): string {
  return devices.defaultName === null ? t('common.systemDefault') : t('common.systemDefaultNamed', { name: devices.defaultName });
}

export function deviceRowText(kind: DeviceKind, devices: DeviceKindView, problem: DeviceProblem | null): DeviceRowText {
  const name = t(`device.${kind}`);
  if (problem === 'noneFound' || (problem === null && devices.list.length === 0)) {
    return { caption: `${name} · ${t('device.problem.noneFound')}`, value: t(`device.none.${kind}`), look: 'warn' };
  }
  if (devices.absent !== null) {
    const { activeName } = devices;
    const caption = activeName === null ? t('device.absentNothing') : t('device.absent', { name: activeName });
    return { caption, value: devices.absent.name, look: 'warn' };
  }
  const chosen = devices.list.find((device) => device.id === devices.selectedId);
  const value = chosen?.name ?? defaultName(devices);
  if (problem !== null) return { caption: `${name} · ${t(`device.problem.${problem}`)}`, value, look: 'bad' };
  return { caption: name, value, look: 'normal' };
}
