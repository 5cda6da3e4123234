/** The page of the marker above all windows while a screen is shown. */
import { mount } from 'svelte';
import Sharing from './Sharing.svelte';
import { tauriSharingBackend } from './ipc';
import './styles/all.css';

const target = document.getElementById('app');
if (!target) throw new Error('sharing.html has no #app');
const shown = await tauriSharingBackend.sharingReady();
mount(Sharing, { target, props: { backend: tauriSharingBackend, shown } });
