/** The screens and their addresses. A screen beside the list says so; on a phone it covers the list. */
import { createRouter, createWebHistory } from 'vue-router';
import AddScreen from './screens/AddScreen.vue';
import ChatScreen from './screens/ChatScreen.vue';
import ContactScreen from './screens/ContactScreen.vue';
import { followMoves } from './screens/first-screen.js';
import NothingChosen from './screens/NothingChosen.vue';
import SettingsScreen from './screens/SettingsScreen.vue';
import ShareScreen from './screens/ShareScreen.vue';

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'list', component: NothingChosen },
    { path: '/chat/:id', name: 'chat', component: ChatScreen, props: true },
    { path: '/chat/:id/contact', name: 'contact', component: ContactScreen, props: true },
    { path: '/add', name: 'add', component: AddScreen },
    { path: '/share', name: 'share', component: ShareScreen },
    { path: '/settings', name: 'settings', component: SettingsScreen },
    { path: '/:rest(.*)', redirect: '/' },
  ],
});

followMoves(router);

/** How deep a screen lies: a deeper one comes in from the right on a phone. */
export function depthOf(name: unknown): number {
  if (name === 'list') return 0;
  return name === 'contact' ? 2 : 1;
}
