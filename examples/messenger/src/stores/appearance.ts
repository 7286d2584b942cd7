/** How the application looks on this device: a choice, and what it comes to. Nothing secret. */
import { defineStore } from 'pinia';
import { computed, ref, watchEffect } from 'vue';

/** What can be chosen. */
export type Theme = 'system' | 'light' | 'dark';

const storedUnder = 'sotto-theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');

function storedTheme(): Theme {
  const stored = localStorage.getItem(storedUnder);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

export const useAppearance = defineStore('appearance', () => {
  const theme = ref<Theme>(storedTheme());
  const systemIsDark = ref(prefersDark.matches);
  prefersDark.addEventListener('change', ({ matches }) => (systemIsDark.value = matches));
  const isDark = computed(() => (theme.value === 'system' ? systemIsDark.value : theme.value === 'dark'));
  watchEffect(() => {
    document.documentElement.dataset['theme'] = isDark.value ? 'dark' : 'light';
    localStorage.setItem(storedUnder, theme.value);
  });
  return { theme, isDark };
});
