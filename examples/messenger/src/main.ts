/** Where the page begins. */
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './App.vue';
import { router } from './router.js';
import { useAppearance } from './stores/appearance.js';
import './styles/tokens.css';
import './styles/base.css';

const app = createApp(App).use(createPinia()).use(router);
// Before anything is drawn.
useAppearance();
app.mount('#app');

// Opening without a network is an extra: where it cannot be had, everything else works.
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  navigator.serviceWorker.register('/service-worker.js').catch(() => undefined);
}
