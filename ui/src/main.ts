/** The page of the window. */
import { mount } from 'svelte';
import App from './App.svelte';
import { setBackend } from './backend';
import { tauriBackend } from './ipc';
import { app } from './state/app.svelte';
import './styles/all.css';

setBackend(tauriBackend);
const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
mount(App, { target });
void app.start();
