import { type Component, mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';

const target = document.getElementById('app');
if (target === null) throw new Error('the page has no place for the console');

/** Who was sent a link sees what was shared and nothing of the console; both are loaded only by those who see them. */
const shared = /^\/share\/([^/]+)\/?$/.exec(location.pathname)?.[1];
if (shared === undefined) {
  const { default: App } = await import('./App.svelte');
  mount(App as Component, { target });
} else {
  const { default: SharePage } = await import('./share/SharePage.svelte');
  mount(SharePage as Component<{ token: string }>, { target, props: { token: decodeURIComponent(shared) } });
}
