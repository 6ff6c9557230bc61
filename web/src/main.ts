import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/overlays.css';
import './styles/tables.css';
import './styles/shell.css';
import './styles/panel.css';
import './styles/market.css';
import './styles/views.css';

import { App } from './app';
import { installKeys } from './keys';
import { replace, el } from './lib/dom';
import { installExact } from './lib/exact';
import { Shell } from './shell';
import { loginView } from './views/login';

declare global {
  interface Window {
    /** Samples of what the reader sees, for tests and the curious. */
    tapelake?: { freshness: () => number[]; work: () => number[]; line: () => string };
  }
}

const root = document.getElementById('app') as HTMLElement;
let asked = false;

/** Ask for the token; the page starts anew with the cookie it brings. */
function login(): void {
  if (asked) return;
  asked = true;
  replace(root, loginView(app.client));
}

const app = new App(login);

async function start(): Promise<void> {
  app.applyTheme();
  installExact(document);
  const shell = new Shell(app);
  try {
    await app.client.status();
  } catch (error) {
    if (asked) return;
    const text = error instanceof Error ? error.message : String(error);
    replace(root, el('p.waiting', { role: 'status' }, `Waiting for the program: ${text}.`));
    setTimeout(() => void start(), 1_500);
    return;
  }
  if (asked) return;
  replace(root, shell.element);
  installKeys(app, shell);
  app.emit('view');
  await app.start();
  app.emit('view');
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => app.applyTheme());
window.tapelake = {
  freshness: () => app.frames.freshness.toArray(),
  work: () => app.frames.work.toArray(),
  line: () => app.line,
};
void start();
