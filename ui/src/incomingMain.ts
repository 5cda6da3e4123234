/** The page of the window of an incoming call. */
import { mount } from 'svelte';
import Incoming from './Incoming.svelte';
import { tauriIncomingBackend } from './ipc';
import './styles/all.css';

const target = document.getElementById('app');
if (!target) throw new Error('incoming.html has no #app');
const shown = await tauriIncomingBackend.incomingReady();
mount(Incoming, { target, props: { backend: tauriIncomingBackend, shown } });
