import type { App } from './app';
import { add, el, setClass, setHidden, setOptional, setText } from './lib/dom';
import { Instrument } from './panels/instrument';
import { lineText, Strip } from './panels/strip';
import { EVERY, VIEWS, type ViewName } from './state/view';
import { announce, liveRegion, toast } from './ui/dialog';
import { select } from './ui/controls';
import { openAbout, openHelp } from './views/about';
import { analysisView } from './views/analysis';
import { openBoards } from './views/boards';
import { marketView } from './views/market';
import { pipelineView } from './views/pipeline';
import { sqlView } from './views/sql';
import { tablesView } from './views/tables';

const NAMES: Record<ViewName, string> = {
  market: 'Market',
  analysis: 'Analysis',
  sql: 'SQL',
  tables: 'Tables',
  pipeline: 'Pipeline',
};

const MAKE: Record<ViewName, (app: App) => HTMLElement> = {
  market: marketView,
  analysis: analysisView,
  sql: sqlView,
  tables: tablesView,
  pipeline: pipelineView,
};

/** How long a stream may take to begin before the numbers are greyed. */
const SETTLE_MS = 400;

/** The frame around all views: head, banner, the view, the strip. */
export class Shell {
  readonly element: HTMLElement;
  private readonly main = el('main', { id: 'main', tabindex: '-1' });
  private readonly title = el('h1.visually-hidden', {});
  private readonly tabs = new Map<ViewName, HTMLAnchorElement>();
  private readonly views = new Map<ViewName, HTMLElement>();
  private readonly banner = el('section.banner', { hidden: true, 'aria-label': 'State' });
  private readonly pill = el('span.pill', {});
  private readonly pause = el('button.button.pause', { type: 'button' }, 'Pause');
  private readonly zone = el('button.button', { type: 'button' }, 'UTC');
  private readonly theme = el('button.icon-button.theme', { type: 'button' });
  readonly instrument: Instrument;
  private told = '';

  constructor(private readonly app: App) {
    this.instrument = new Instrument(app);
    const skip = el('a.skip', { href: '#main' }, 'Skip to the content');
    skip.addEventListener('click', (event) => {
      event.preventDefault();
      this.main.focus();
    });
    this.element = el('div.shell', {}, skip, this.head(), this.instrument.element, this.banner);
    this.main.append(this.title);
    add(this.element, this.main, new Strip(app).element, liveRegion());
    app.on('view', () => this.drawView());
    app.on(['line', 'format', 'theme'], () => this.drawLine());
    setInterval(() => this.drawLine(), 500);
  }

  private head(): HTMLElement {
    const { app } = this;
    const nav = el('nav.tabs', { 'aria-label': 'Views' });
    for (const name of VIEWS) {
      const tab = el('a.tab', { href: `#/${name}` }, NAMES[name]);
      tab.addEventListener('click', (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        app.setView({ view: name });
      });
      this.tabs.set(name, tab);
      nav.append(tab);
    }
    const every = select(
      'Refresh interval',
      EVERY.map((entry) => ({ value: String(entry.ms), label: entry.label })),
      (value) => app.setView({ everyMs: Number(value) }),
    );
    every.input.title = 'Least time between two updates';
    app.on('view', () => every.set(String(app.view.everyMs)));
    this.pause.addEventListener('click', () => app.togglePause());
    this.zone.addEventListener('click', () => app.toggleZone());
    this.theme.addEventListener('click', () => app.setTheme(app.dark ? 'light' : 'dark'));
    const button = (label: string, act: () => void, title: string) =>
      el('button.button', { type: 'button', title, onclick: act }, label);
    return el(
      'header.top',
      {},
      el('a.brand', { href: '#/market', 'aria-label': 'Tapelake' }, brandMark(), 'tapelake'),
      nav,
      el(
        'div.top-tools',
        {},
        this.pill,
        this.pause,
        every.element,
        this.zone,
        button('Boards', () => openBoards(app), 'Saved views (b)'),
        button('Share', () => void this.share(), 'Copy the address of what is shown'),
        this.theme,
        button('?', () => openHelp(), 'Keys (?)'),
        button('About', () => openAbout(app), 'Version and licences'),
      ),
    );
  }

  /** The address holds all that is shown, and never a token. */
  async share(): Promise<void> {
    try {
      await navigator.clipboard.writeText(location.href);
      toast('Address copied');
    } catch {
      toast('The address line holds what is shown');
    }
  }

  private drawView(): void {
    const { app } = this;
    const name = app.view.view;
    if (!this.views.has(name)) {
      const view = MAKE[name](app);
      view.classList.add('view', `view-${name}`);
      this.views.set(name, view);
      this.main.append(view);
      // A view that has just been made hears of the present state like any other.
      queueMicrotask(() => app.emit('view'));
    }
    for (const [other, view] of this.views) view.hidden = other !== name;
    for (const [other, tab] of this.tabs) {
      setOptional(tab, 'aria-current', other === name ? 'page' : null);
    }
    this.instrument.element.hidden = name !== 'market' && name !== 'analysis';
    this.main.setAttribute('aria-label', NAMES[name]);
    setText(this.title, NAMES[name]);
  }

  private drawLine(): void {
    const { app } = this;
    const text = lineText(app);
    setText(this.pill, text);
    setClass(this.pill, `pill ${app.current ? 'live' : app.line}`);
    setText(this.pause, app.line === 'paused' ? 'Resume' : 'Pause');
    this.pause.title = app.line === 'paused' ? 'Go on (p)' : 'Hold what is shown (p)';
    setText(this.zone, app.format.zone === 'utc' ? 'UTC' : 'Local');
    this.zone.title = `Times are shown in ${app.format.zoneName()}; switch (u)`;
    const other = app.dark ? 'light' : 'dark';
    setText(this.theme, app.dark ? '☀' : '☾');
    setOptional(this.theme, 'aria-label', `Switch to the ${other} theme`);
    this.theme.title = `Switch to the ${other} theme (t)`;
    // A change of the subscription is over in a moment: no reason to grey all in between.
    const settling = app.line === 'connecting' || app.line === 'live';
    if (app.current || !settling || app.silenceMs() > SETTLE_MS) {
      setOptional(document.body, 'data-line', app.current ? 'live' : app.line);
    }
    const banner = bannerText(app);
    setHidden(this.banner, banner === '');
    setText(this.banner, banner);
    const tell = app.line === 'connecting' ? this.told : app.line;
    if (tell !== this.told) {
      if (this.told) announce(banner || 'Live again');
      this.told = tell;
    }
  }
}

function bannerText(app: App): string {
  const heard = app.heardAtMs ? app.format.dateTime(app.heardAtMs) : 'the beginning';
  switch (app.line) {
    case 'behind':
      return `Behind: nothing heard since ${heard} ${app.format.zoneName()}. The numbers are old.`;
    case 'paused':
      return `Paused: the numbers are those of ${heard} ${app.format.zoneName()}.`;
    default:
      return '';
  }
}

function brandMark(): Element {
  const image = el('img.brand-mark', { src: './icon.svg', alt: '', width: 20, height: 20 });
  return image;
}
