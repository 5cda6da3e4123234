/** What the marker above all windows may ask of the shell: these two things and nothing else. */
import type { SharingWindowView } from './generated/view';

export interface SharingBackend {
  sharingReady(): Promise<SharingWindowView>;
  stopSharing(): Promise<void>;
}
