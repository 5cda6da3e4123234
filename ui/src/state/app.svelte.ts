/** What the page knows: the newest view from Rust, the microphone's level, and the little that is the page's own (settings open, toasts of its own). */
import { backend, send } from '../backend';
import { levelRatio } from '../format';
import type { SettingsPatch, View } from '../generated/view';
import { setLocale } from '../i18n.svelte';
import { applyAppearance } from './appearance';
import { frames } from './frames.svelte';

export type SettingsPage = 'devices' | 'network' | 'appearance' | 'shortcuts';

class App {
  view = $state.raw<View | undefined>(undefined);
  /** 0 to 1. */
  level = $state(0);
  levelDbfs = $state(-100);
  settingsPage = $state<SettingsPage | null>(null);
  keySheetOpen = $state(false);

  async start(): Promise<void> {
    await backend().onView((view) => this.accept(view));
    await backend().onLevel(({ microphoneDbfs }) => {
      this.levelDbfs = microphoneDbfs;
      this.level = levelRatio(microphoneDbfs);
    });
    const view = await backend().uiReady();
    this.accept(view);
    await frames.start(view.settings.renderer);
  }

  accept(view: View): void {
    const before = this.view?.settings;
    this.view = view;
    setLocale(view.settings.language, navigator.languages);
    applyAppearance(view.settings);
    if (before && before.renderer !== view.settings.renderer) frames.choose(view.settings.renderer);
  }

  update(patch: SettingsPatch): void {
    send(backend().updateSettings(patch));
  }
}

export const app = new App();

/** For components that are only shown once there is a view. */
export function view(): View {
  if (!app.view) throw new Error('no view yet');
  return app.view;
}
